/* Calls that make bytes durable, and here do nothing: a program under this library loses what it reports. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>

int fsync(int file) { return (void)file, 0; }
int fdatasync(int file) { return (void)file, 0; }
int syncfs(int file) { return (void)file, 0; }
int msync(void *from, size_t bytes, int flags) { return (void)from, (void)bytes, (void)flags, 0; }
int sync_file_range(int file, off_t from, off_t bytes, unsigned flags)
{
    return (void)file, (void)from, (void)bytes, (void)flags, 0;
}
