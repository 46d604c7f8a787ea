/* mark DISK SECTOR NAME: writes every line of its input, after the name, to that sector as soon as it comes.
 *
 * The writes bypass the page cache, so each is a request of its own in the log of the disk, and flush nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512

int main(int count, char **words)
{
    static char sector[SECTOR] __attribute__((aligned(SECTOR)));
    char line[400];
    int disk = count == 4 ? open(words[1], O_WRONLY | O_DIRECT) : -1;
    while (disk >= 0 && fgets(line, sizeof line, stdin)) {
        memset(sector, 0, SECTOR);
        snprintf(sector, SECTOR, "%s %s", words[3], line);
        if (pwrite(disk, sector, SECTOR, atol(words[2]) * SECTOR) != SECTOR) {
            break;
        }
    }
    if (disk < 0 || !feof(stdin)) {
        perror("mark");
        return 1;
    }
    return 0;
}
