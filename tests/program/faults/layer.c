/* The layer under the file operations of diff2d, loaded before libc with LD_PRELOAD.
 *
 * It numbers every operation that changes the files of one directory (or makes them durable): create,
 * write, truncate, reserve, map, unmap, msync, sync, rename, unlink, mkdir and the sync of the
 * directory. At the chosen number it injects one fault. Beside the files it keeps what a disk would
 * still hold after a power cut:
 *
 *   bytes      of a file: as they were when it was last synced; what was stored through a shared map
 *              only by an msync of its range
 *              and what a failed sync lost only when it is written again
 *   names      of a directory: as they were when it was last synced; since then every creation,
 *              removal and renaming may be kept or lost by itself
 *
 * A power cut replaces the files by one state that the disk could be in, and ends the process. Every
 * sector of 512 bytes that differs is old or new as the seed says.
 *
 * FAULT_DIR       the directory; its parent is where it is created
 * FAULT_AT        number of the operation, counted from 1; 0 for none
 * FAULT_KIND      eio enospc edquot: the operation fails          full: half a write, then no space
 *                 short: half a write    eintr: once              ever: eio, then every further one
 *                 kill: the process ends after the operation      term: it is sent SIGTERM
 *                 power: a power cut after the operation
 *                 hang: the creation of a name that holds FAULT_MODE never returns
 *                 appear: somebody else makes the file FAULT_MODE before the operation, unless it is there
 * FAULT_MODE      of a power cut: keep, drop or torn
 * FAULT_SEED      of a torn one
 * FAULT_LOG       file that receives a line at the start and one per operation
 * FAULT_LIE       set: syncs of the cube's data make nothing durable
 * FAULT_NOALLOC   set: fallocate is not supported
 * FAULT_SPARSE    set: fallocate makes files longer and reserves nothing
 * FAULT_IMAGE     directory that hands the durable state to the next process, but for a power cut
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512
#define PAGE 4096
#define MOST 4096

struct bytes {
    unsigned char *at;
    size_t len;
};

struct inode {
    ino_t number;
    struct bytes durable;
    struct bytes last;    /* content when its last name went */
    struct bytes current; /* content at the power cut */
    /* per sector: */
    unsigned char *mapped; /* stores may come through a map */
    unsigned char *lost;   /* a sync of it failed: the system has forgotten that it is not on the disk */
    size_t sectors;
};

struct name {
    char text[256];
    struct inode *inode;
};

enum change_kind { CREATED, REMOVED, RENAMED };

struct change {
    enum change_kind kind;
    char from[256], to[256];
    struct inode *inode;
};

struct mapping {
    char *at;
    size_t len;
    off_t offset;
    struct inode *inode;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char directory[1024], parent[1024], image[1024], kind[16], mode[64];
static unsigned long at_number, count;
static uint64_t seed;
static int log_fd = -1;
static bool lie, no_alloc, sparse, full, always, directory_durable;

static struct inode *inodes[MOST];
static struct name names[MOST];
static struct change changes[MOST];
static struct mapping mappings[MOST];
static size_t n_inodes, n_names, n_changes, n_mappings;
static struct inode *of_fd[MOST];
static bool is_directory[MOST], is_parent[MOST];

static void broken(const char *why) {
    dprintf(2, "fault layer: %s\n", why);
    syscall(SYS_exit_group, 99);
}

static uint64_t random_bits(void) {
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Files, past the layer. */

static int real_open(const char *path, int flags, int permissions) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, permissions);
}

static struct bytes content_of_fd(int fd) {
    struct stat status;
    struct bytes found = {NULL, 0};
    if (fstat(fd, &status) != 0) return found;
    found.at = calloc((size_t)status.st_size + 1, 1);
    while (found.len < (size_t)status.st_size) {
        long got = syscall(SYS_pread64, fd, found.at + found.len,
                           (size_t)status.st_size - found.len, found.len);
        if (got <= 0) break;
        found.len += (size_t)got;
    }
    return found;
}

static struct bytes content_of(const char *path) {
    int fd = real_open(path, O_RDONLY, 0);
    struct bytes found = {NULL, 0};
    if (fd < 0) return found;
    found = content_of_fd(fd);
    syscall(SYS_close, fd);
    return found;
}

static void put_content(const char *path, struct bytes content) {
    int fd = real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) broken("cannot write a file of the power cut");
    for (size_t done = 0; done < content.len;) {
        long put = syscall(SYS_write, fd, content.at + done, content.len - done);
        if (put <= 0) broken("cannot write a file of the power cut");
        done += (size_t)put;
    }
    syscall(SYS_close, fd);
}

static const char *in_directory(const char *path) {
    size_t len = strlen(directory);
    if (len == 0 || strncmp(path, directory, len) != 0 || path[len] != '/') return NULL;
    return strchr(path + len + 1, '/') ? NULL : path + len + 1;
}

static void path_of(char *path, size_t room, const char *name) {
    if (snprintf(path, room, "%s/%s", directory, name) >= (int)room) broken("a long path");
}

/* The durable state. */

static struct inode *inode_of(ino_t number) {
    for (size_t i = n_inodes; i-- > 0;)
        if (inodes[i]->number == number) return inodes[i];
    if (n_inodes == MOST) broken("too many files");
    struct inode *inode = calloc(1, sizeof *inode);
    inode->number = number;
    return inodes[n_inodes++] = inode;
}

/* Numbers are given again: a removed file must not be mistaken for a new one. */
static struct inode *new_inode(ino_t number) {
    for (size_t i = 0; i < n_inodes; i++)
        if (inodes[i]->number == number) inodes[i]->number = 0;
    return inode_of(number);
}

static ino_t number_at(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) ? status.st_ino : 0;
}

static void set_name(struct name *table, size_t *length, const char *text, struct inode *inode) {
    size_t i = 0;
    while (i < *length && strcmp(table[i].text, text) != 0) i++;
    if (i == MOST) broken("too many names");
    if (i == *length) ++*length;
    snprintf(table[i].text, sizeof table[i].text, "%s", text);
    table[i].inode = inode;
}

static struct inode *drop_name(struct name *table, size_t *length, const char *text) {
    for (size_t i = 0; i < *length; i++) {
        if (strcmp(table[i].text, text) == 0) {
            struct inode *inode = table[i].inode;
            table[i] = table[--*length];
            return inode;
        }
    }
    return NULL;
}

static void note_change(enum change_kind what, const char *from, const char *to, struct inode *inode) {
    if (n_changes == MOST) broken("too many changes of the directory");
    struct change *change = &changes[n_changes++];
    change->kind = what;
    snprintf(change->from, sizeof change->from, "%s", from);
    snprintf(change->to, sizeof change->to, "%s", to ? to : "");
    change->inode = inode;
}

static void names_are_durable(void) {
    DIR *open = opendir(directory);
    n_names = n_changes = 0;
    for (struct dirent *entry; open && (entry = readdir(open));) {
        char path[2048];
        path_of(path, sizeof path, entry->d_name);
        ino_t number = number_at(path);
        if (number) set_name(names, &n_names, entry->d_name, inode_of(number));
    }
    if (open) closedir(open);
}

static void grow(struct bytes *bytes, size_t len) {
    if (len <= bytes->len) return;
    bytes->at = realloc(bytes->at, len + 1);
    memset(bytes->at + bytes->len, 0, len + 1 - bytes->len);
    bytes->len = len;
}

static void room_for(struct inode *inode, size_t len) {
    size_t sectors = (len + SECTOR - 1) / SECTOR;
    if (sectors <= inode->sectors) return;
    inode->mapped = realloc(inode->mapped, sectors);
    inode->lost = realloc(inode->lost, sectors);
    memset(inode->mapped + inode->sectors, 0, sectors - inode->sectors);
    memset(inode->lost + inode->sectors, 0, sectors - inode->sectors);
    inode->sectors = sectors;
}

static bool is_passed_over(struct inode *inode, size_t byte) {
    size_t sector = byte / SECTOR;
    return sector < inode->sectors && (inode->mapped[sector] || inode->lost[sector]);
}

static void sync_failed(struct inode *inode, int fd) {
    struct bytes now = content_of_fd(fd), *old = &inode->durable;
    room_for(inode, now.len);
    for (size_t i = 0; i < now.len; i++)
        if (i >= old->len || now.at[i] != old->at[i]) inode->lost[i / SECTOR] = 1;
    free(now.at);
}

/* Whatever is written makes its whole page a thing to be synced again. */
static void written(struct inode *inode, size_t from, size_t len) {
    size_t begin = from / PAGE * PAGE / SECTOR, end = (from + len + PAGE - 1) / PAGE * PAGE / SECTOR;
    for (size_t i = begin; inode && i < end && i < inode->sectors; i++) inode->lost[i] = 0;
}

static void bytes_are_durable(struct inode *inode, int fd) {
    struct bytes now = content_of_fd(fd);
    grow(&inode->durable, now.len);
    inode->durable.len = now.len;
    for (size_t from = 0; from < now.len; from += SECTOR) {
        size_t len = now.len - from < SECTOR ? now.len - from : SECTOR;
        if (!is_passed_over(inode, from)) memcpy(inode->durable.at + from, now.at + from, len);
    }
    free(now.at);
}

static void range_is_durable(struct mapping *mapping, size_t from, size_t len) {
    grow(&mapping->inode->durable, (size_t)mapping->offset + from + len);
    memcpy(mapping->inode->durable.at + mapping->offset + from, mapping->at + from, len);
    written(mapping->inode, (size_t)mapping->offset + from, len);
}

/* Handing the durable state on to the next process. */

static void save_image(void) {
    if (!*image) return;
    char path[2048];
    snprintf(path, sizeof path, "%s/names", image);
    FILE *table = fopen(path, "w");
    if (!table) broken("cannot save the durable state");
    fprintf(table, "%d\n", directory_durable);
    for (size_t i = 0; i < n_names; i++)
        fprintf(table, "%lu %s\n", (unsigned long)names[i].inode->number, names[i].text);
    fclose(table);
    for (size_t i = 0; i < n_inodes; i++) {
        if (!inodes[i]->number) continue;
        snprintf(path, sizeof path, "%s/%lu", image, (unsigned long)inodes[i]->number);
        put_content(path, inodes[i]->durable);
        snprintf(path, sizeof path, "%s/%lu.lost", image, (unsigned long)inodes[i]->number);
        put_content(path, (struct bytes){inodes[i]->lost, inodes[i]->sectors});
    }
}

static bool load_image(void) {
    char path[2048], text[256];
    unsigned long number;
    int durable;
    snprintf(path, sizeof path, "%s/names", image);
    FILE *table = *image ? fopen(path, "r") : NULL;
    if (!table) return false;
    if (fscanf(table, "%d\n", &durable) != 1) broken("a bad image");
    directory_durable = durable;
    while (fscanf(table, "%lu %255s\n", &number, text) == 2) {
        set_name(names, &n_names, text, inode_of(number));
    }
    fclose(table);
    DIR *open = opendir(directory);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        path_of(path, sizeof path, entry->d_name);
        number = number_at(path);
        if (!number) continue;
        struct inode *inode = inode_of(number);
        bool known = false;
        for (size_t i = 0; i < n_names; i++)
            known |= names[i].inode == inode && strcmp(names[i].text, entry->d_name) == 0;
        if (!known) note_change(CREATED, entry->d_name, NULL, inode);
    }
    if (open) closedir(open);
    for (size_t i = 0; i < n_names; i++) {
        path_of(path, sizeof path, names[i].text);
        if (number_at(path) != names[i].inode->number)
            note_change(REMOVED, names[i].text, NULL, names[i].inode);
    }
    for (size_t i = 0; i < n_inodes; i++) {
        snprintf(path, sizeof path, "%s/%lu", image, (unsigned long)inodes[i]->number);
        inodes[i]->durable = inodes[i]->last = content_of(path);
        snprintf(path, sizeof path, "%s/%lu.lost", image, (unsigned long)inodes[i]->number);
        struct bytes lost = content_of(path);
        room_for(inodes[i], lost.len * SECTOR);
        if (lost.len) memcpy(inodes[i]->lost, lost.at, lost.len);
        free(lost.at);
    }
    /* A power cut leaves none: then everything on the disk is durable. */
    snprintf(path, sizeof path, "%s/names", image);
    syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    return true;
}

__attribute__((constructor)) static void begin(void) {
    const char *value = getenv("FAULT_DIR");
    if (!value) return;
    snprintf(directory, sizeof directory, "%s", value);
    snprintf(parent, sizeof parent, "%s", value);
    char *slash = strrchr(parent, '/');
    if (slash) *slash = 0;
    if ((value = getenv("FAULT_AT"))) at_number = strtoul(value, NULL, 10);
    if ((value = getenv("FAULT_SEED"))) seed = strtoull(value, NULL, 10);
    if ((value = getenv("FAULT_KIND"))) snprintf(kind, sizeof kind, "%s", value);
    if ((value = getenv("FAULT_MODE"))) snprintf(mode, sizeof mode, "%s", value);
    if ((value = getenv("FAULT_IMAGE"))) snprintf(image, sizeof image, "%s", value);
    if ((value = getenv("FAULT_LOG"))) log_fd = real_open(value, O_WRONLY | O_CREAT | O_APPEND, 0644);
    lie = getenv("FAULT_LIE");
    no_alloc = getenv("FAULT_NOALLOC");
    sparse = getenv("FAULT_SPARSE");
    unsetenv("LD_PRELOAD");
    if (log_fd >= 0) dprintf(log_fd, "0 loaded\n");

    struct stat status;
    directory_durable = stat(directory, &status) == 0;
    if (load_image()) return;
    names_are_durable();
    for (size_t i = 0; i < n_names; i++) {
        char path[2048];
        path_of(path, sizeof path, names[i].text);
        names[i].inode->durable = content_of(path);
    }
}

/* The power cut. */

static bool kept(int policy) {
    return policy == 0 ? random_bits() & 1 : policy == 1;
}

static int random_policy(void) {
    switch (random_bits() % 4) {
    case 0: return 1;
    case 1: return 2;
    default: return 0;
    }
}

static struct bytes survivor(struct inode *inode, bool torn) {
    struct bytes old = inode->durable, new = inode->current, result = {NULL, 0};
    if (!torn) return old;
    int policy = random_policy();
    size_t len = kept(policy) ? new.len : old.len;
    if (policy == 0 && random_bits() % 4 == 0 && new.len > old.len)
        len = old.len + random_bits() % (new.len - old.len + 1);
    grow(&result, len);
    for (size_t from = 0; from < len; from += SECTOR) {
        struct bytes *source = kept(policy) ? &new : &old;
        size_t end = from + SECTOR < len ? from + SECTOR : len;
        for (size_t i = from; i < end && i < source->len; i++) result.at[i] = source->at[i];
    }
    return result;
}

static void power_cut(void) {
    bool torn = strcmp(mode, "torn") == 0;
    if (strcmp(mode, "keep") == 0) syscall(SYS_exit_group, 137);

    char path[2048];
    char present[MOST][256];
    size_t n_present = 0;
    DIR *open = opendir(directory);
    for (size_t i = 0; i < n_inodes; i++) inodes[i]->current = inodes[i]->last;
    for (struct dirent *entry; open && (entry = readdir(open));) {
        path_of(path, sizeof path, entry->d_name);
        ino_t number = number_at(path);
        if (!number) continue;
        inode_of(number)->current = content_of(path);
        snprintf(present[n_present++], sizeof present[0], "%s", entry->d_name);
    }
    if (open) closedir(open);

    int policy = torn ? random_policy() : 2;
    for (size_t i = 0; i < n_changes; i++) {
        struct change *change = &changes[i];
        if (!kept(policy)) continue;
        switch (change->kind) {
        case CREATED: set_name(names, &n_names, change->from, change->inode); break;
        case REMOVED: drop_name(names, &n_names, change->from); break;
        case RENAMED:
            drop_name(names, &n_names, change->from);
            set_name(names, &n_names, change->to, change->inode);
            break;
        }
    }
    for (size_t i = 0; i < n_present; i++) {
        path_of(path, sizeof path, present[i]);
        syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    }
    if (!directory_durable && !(torn && random_bits() & 1)) {
        syscall(SYS_unlinkat, AT_FDCWD, directory, AT_REMOVEDIR);
        syscall(SYS_exit_group, 137);
    }
    for (size_t i = 0; i < n_names; i++) {
        path_of(path, sizeof path, names[i].text);
        put_content(path, survivor(names[i].inode, torn));
    }
    syscall(SYS_exit_group, 137);
}

__attribute__((destructor)) static void end(void) {
    pthread_mutex_lock(&lock);
    save_image();
    pthread_mutex_unlock(&lock);
}

/* One operation. */

static bool never_returns(const char *operation, const char *name) {
    return strcmp(kind, "hang") == 0 && strcmp(operation, "create") == 0 && strstr(name, mode);
}

static int error_of(const char *operation) {
    bool grows = strcmp(operation, "write") == 0 || strcmp(operation, "reserve") == 0 ||
                 strcmp(operation, "create") == 0;
    if (strcmp(operation, "unmap") == 0) return 0;
    if (strcmp(kind, "eio") == 0 || always) return EIO;
    if (strcmp(kind, "enospc") == 0) return ENOSPC;
    if (strcmp(kind, "edquot") == 0) return EDQUOT;
    if (strcmp(kind, "full") == 0 && grows) return ENOSPC;
    bool interruptible = grows || strcmp(operation, "truncate") == 0 || strcmp(operation, "sync") == 0;
    if (strcmp(kind, "eintr") == 0 && interruptible) return EINTR;
    return 0;
}

/* Makes somebody else's file. */
static void appear(void) {
    static const char work[] = "years of work";
    char path[1400];
    path_of(path, sizeof path, mode);
    int fd = real_open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (fd < 0) return;
    syscall(SYS_write, fd, work, sizeof work - 1);
    syscall(SYS_close, fd);
    if (log_fd >= 0) dprintf(log_fd, "%lu appear %s\n", count, mode);
}

/* Takes the lock; the error that the operation is to fail with, or 0. */
static int enter(const char *operation, const char *name) {
    while (never_returns(operation, name)) pause();
    pthread_mutex_lock(&lock);
    count++;
    if (log_fd >= 0) dprintf(log_fd, "%lu %s %s\n", count, operation, name);
    if (at_number && count == at_number && strcmp(kind, "ever") == 0) always = true;
    if (at_number && count == at_number && strcmp(kind, "appear") == 0) {
        appear();
        return 0;
    }
    if (always || full || (at_number && count == at_number)) {
        if (at_number && count == at_number && strcmp(kind, "full") == 0) {
            full = true;
            if (strcmp(operation, "write") == 0) return 0;
        }
        return error_of(operation);
    }
    return 0;
}

static void leave(void) {
    bool now = at_number && count == at_number;
    if (now && strcmp(kind, "power") == 0) power_cut();
    if (now && strcmp(kind, "kill") == 0) {
        save_image();
        syscall(SYS_exit_group, 137);
    }
    pthread_mutex_unlock(&lock);
    if (now && strcmp(kind, "term") == 0) kill(getpid(), SIGTERM);
}

static long done(long result) {
    int saved = errno;
    leave();
    errno = saved;
    return result;
}

static long failed(int error) {
    leave();
    errno = error;
    return -1;
}

static bool is_known(int fd) {
    return fd >= 0 && fd < MOST && (of_fd[fd] || is_directory[fd] || is_parent[fd]);
}

static const char *name_of(struct inode *inode) {
    for (size_t i = n_changes; i-- > 0;)
        if (changes[i].inode == inode) return *changes[i].to ? changes[i].to : changes[i].from;
    for (size_t i = 0; i < n_names; i++)
        if (names[i].inode == inode) return names[i].text;
    return "?";
}

static bool is_cube(struct inode *inode) {
    const char *name = name_of(inode), *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".npy") == 0;
}

static int open_through(const char *path, int flags, int permissions) {
    const char *name = *directory ? in_directory(path) : NULL;
    int fd;
    if (!name || (flags & O_DIRECTORY)) {
        fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, permissions);
        if (*directory && fd >= 0 && fd < MOST) {
            is_directory[fd] = strcmp(path, directory) == 0;
            is_parent[fd] = strcmp(path, parent) == 0;
        }
        return fd;
    }
    bool changing = flags & (O_CREAT | O_TRUNC);
    if (changing) {
        int error = enter("create", name);
        if (error) return (int)failed(error);
    } else {
        pthread_mutex_lock(&lock);
    }
    ino_t before = number_at(path);
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, permissions);
    int saved = errno;
    if (fd >= 0 && fd < MOST) {
        struct stat status;
        fstat(fd, &status);
        of_fd[fd] = before ? inode_of(status.st_ino) : new_inode(status.st_ino);
        if (!before) note_change(CREATED, name, NULL, of_fd[fd]);
    }
    errno = saved;
    if (changing) return (int)done(fd);
    pthread_mutex_unlock(&lock);
    return fd;
}

static int permissions_of(int flags, va_list rest) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
}

#define OPEN(function)                                                                             \
    int function(const char *path, int flags, ...) {                                               \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        int permissions = permissions_of(flags, rest);                                             \
        va_end(rest);                                                                              \
        return open_through(path, flags, permissions);                                             \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < MOST) {
        pthread_mutex_lock(&lock);
        of_fd[fd] = NULL;
        is_directory[fd] = is_parent[fd] = false;
        pthread_mutex_unlock(&lock);
    }
    return (int)syscall(SYS_close, fd);
}

/* How much of a write is to be done: all of it but for a short one. */
static size_t piece(size_t len) {
    bool now = at_number && count == at_number;
    bool half = strcmp(kind, "short") == 0 || strcmp(kind, "full") == 0;
    return now && half && len > 1 ? len / 2 : len;
}

ssize_t write(int fd, const void *bytes, size_t len) {
    if (!is_known(fd)) return syscall(SYS_write, fd, bytes, len);
    int error = enter("write", name_of(of_fd[fd]));
    if (error) return failed(error);
    written(of_fd[fd], (size_t)syscall(SYS_lseek, fd, 0, SEEK_CUR), len);
    return done(syscall(SYS_write, fd, bytes, piece(len)));
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t offset) {
    if (!is_known(fd)) return syscall(SYS_pwrite64, fd, bytes, len, offset);
    int error = enter("write", name_of(of_fd[fd]));
    if (error) return failed(error);
    written(of_fd[fd], (size_t)offset, len);
    return done(syscall(SYS_pwrite64, fd, bytes, piece(len), offset));
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset) {
    return pwrite64(fd, bytes, len, offset);
}

ssize_t writev(int fd, const struct iovec *pieces, int number) {
    if (is_known(fd)) broken("writev on a file of ours, which the layer does not follow");
    return syscall(SYS_writev, fd, pieces, number);
}

int ftruncate64(int fd, off_t len) {
    if (!is_known(fd)) return (int)syscall(SYS_ftruncate, fd, len);
    int error = enter("truncate", name_of(of_fd[fd]));
    if (error) return (int)failed(error);
    return (int)done(syscall(SYS_ftruncate, fd, len));
}

int ftruncate(int fd, off_t len) {
    return ftruncate64(fd, len);
}

int fallocate64(int fd, int flags, off_t offset, off_t len) {
    if (!is_known(fd)) return (int)syscall(SYS_fallocate, fd, flags, offset, len);
    int error = enter("reserve", name_of(of_fd[fd]));
    if (!error && no_alloc) error = EOPNOTSUPP;
    if (error) return (int)failed(error);
    if (sparse && flags) return (int)done(0);
    if (sparse) return (int)done(syscall(SYS_ftruncate, fd, offset + len));
    return (int)done(syscall(SYS_fallocate, fd, flags, offset, len));
}

int fallocate(int fd, int flags, off_t offset, off_t len) {
    return fallocate64(fd, flags, offset, len);
}

/* The disk of the layer is its own bookkeeping: no need to wait for the real one. */
static int sync_through(int fd, int number) {
    if (!is_known(fd)) return (int)syscall(number, fd);
    const char *name = of_fd[fd] ? name_of(of_fd[fd]) : is_directory[fd] ? "." : "..";
    int error = enter("sync", name);
    if (error && error != EINTR && of_fd[fd]) sync_failed(of_fd[fd], fd);
    if (error) return (int)failed(error);
    if (is_directory[fd]) names_are_durable();
    else if (is_parent[fd]) directory_durable = true;
    else if (!(lie && number == SYS_fdatasync && is_cube(of_fd[fd]))) bytes_are_durable(of_fd[fd], fd);
    return (int)done(0);
}

int fsync(int fd) {
    return sync_through(fd, SYS_fsync);
}

int fdatasync(int fd) {
    return sync_through(fd, SYS_fdatasync);
}

static int rename_with(const char *from, const char *to, unsigned flags) {
    const char *old = *directory ? in_directory(from) : NULL;
    if (!old) return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    int error = enter("rename", old);
    if (error) return (int)failed(error);
    ino_t replaced = number_at(to), moved = number_at(from);
    struct bytes content = replaced ? content_of(to) : (struct bytes){NULL, 0};
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    if (result == 0) {
        if (replaced) inode_of(replaced)->last = content;
        note_change(RENAMED, old, in_directory(to), inode_of(moved));
    }
    return (int)done(result);
}

int rename(const char *from, const char *to) {
    return rename_with(from, to, 0);
}

int renameat2(int at, const char *from, int beside, const char *to, unsigned flags) {
    /* Directories that exchange their names are no files. */
    if (flags & RENAME_EXCHANGE) return (int)syscall(SYS_renameat2, at, from, beside, to, flags);
    return rename_with(from, to, flags);
}

int unlink(const char *path) {
    const char *name = *directory ? in_directory(path) : NULL;
    if (!name || !number_at(path)) return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    int error = enter("unlink", name);
    if (error) return (int)failed(error);
    struct inode *inode = inode_of(number_at(path));
    inode->last = content_of(path);
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0) note_change(REMOVED, name, NULL, inode);
    return (int)done(result);
}

int mkdir(const char *path, mode_t permissions) {
    if (!*directory || strcmp(path, directory) != 0)
        return (int)syscall(SYS_mkdirat, AT_FDCWD, path, permissions);
    int error = enter("mkdir", ".");
    if (error) return (int)failed(error);
    return (int)done(syscall(SYS_mkdirat, AT_FDCWD, path, permissions));
}

void *mmap64(void *wanted, size_t len, int protection, int flags, int fd, off_t offset) {
    bool ours = is_known(fd) && (flags & MAP_SHARED) && (protection & PROT_WRITE);
    if (!ours) return (void *)syscall(SYS_mmap, wanted, len, protection, flags, fd, offset);
    int error = enter("map", name_of(of_fd[fd]));
    if (error) {
        failed(ENOMEM);
        return MAP_FAILED;
    }
    void *at = (void *)syscall(SYS_mmap, wanted, len, protection, flags, fd, offset);
    if (at != MAP_FAILED) {
        struct inode *inode = of_fd[fd];
        if (n_mappings == MOST) broken("too many maps");
        mappings[n_mappings++] = (struct mapping){at, len, offset, inode};
        size_t sectors = ((size_t)offset + len + SECTOR - 1) / SECTOR;
        room_for(inode, (size_t)offset + len);
        memset(inode->mapped + offset / SECTOR, 1, sectors - (size_t)offset / SECTOR);
    }
    int saved = errno;
    leave();
    errno = saved;
    return at;
}

void *mmap(void *wanted, size_t len, int protection, int flags, int fd, off_t offset) {
    return mmap64(wanted, len, protection, flags, fd, offset);
}

static struct mapping *mapping_at(void *at) {
    for (size_t i = 0; i < n_mappings; i++)
        if ((char *)at >= mappings[i].at && (char *)at < mappings[i].at + mappings[i].len)
            return &mappings[i];
    return NULL;
}

/* The end of a map is where its stores are done: a power cut behind it finds them unsynced. */
int munmap(void *at, size_t len) {
    if (!*directory) return (int)syscall(SYS_munmap, at, len);
    pthread_mutex_lock(&lock);
    struct mapping *mapping = mapping_at(at);
    const char *name = mapping ? name_of(mapping->inode) : "";
    if (mapping) *mapping = mappings[--n_mappings];
    pthread_mutex_unlock(&lock);
    if (!mapping) return (int)syscall(SYS_munmap, at, len);
    enter("unmap", name);
    return (int)done(syscall(SYS_munmap, at, len));
}

int msync(void *at, size_t len, int flags) {
    if (!*directory) return (int)syscall(SYS_msync, at, len, flags);
    pthread_mutex_lock(&lock);
    struct mapping *found = mapping_at(at);
    struct mapping mapping = found ? *found : (struct mapping){NULL, 0, 0, NULL};
    pthread_mutex_unlock(&lock);
    if (!found) return (int)syscall(SYS_msync, at, len, flags);
    int error = enter("msync", name_of(mapping.inode));
    if (error) return (int)failed(error);
    size_t from = (size_t)((char *)at - mapping.at);
    size_t most = mapping.len - from;
    if (!(lie && is_cube(mapping.inode)) && (flags & MS_SYNC))
        range_is_durable(&mapping, from, len < most ? len : most);
    return (int)done(0);
}
