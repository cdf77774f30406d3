/* The current thread. */
#pragma once

#include "helpers.h"
#include "kernel.h"

#define PIDTYPE_PID 0
#define PIDTYPE_PGID 2
#define PIDTYPE_SID 3

/* The id of a thread, process group or session in the innermost pid namespace. */
INLINE s64 id_in_namespace(struct pid *pid) {
    if (!pid)
        return 0;
    u32 level = FOLLOW(pid, level);
    int id = 0;
    void *first = PLACE(pid, numbers[0].nr);
    read_kernel(&id, sizeof(id), first + level * SIZE_OF(struct upid));
    return id;
}

INLINE s64 id_of_host(struct pid *pid) {
    return pid ? FOLLOW(pid, numbers[0].nr) : 0;
}

/* A file that the current thread has open; null if it has not. */
INLINE struct file *file_of(struct task_struct *task, s64 fd) {
    struct files_struct *files = FOLLOW(task, files);
    if (!files || fd < 0)
        return 0;
    struct fdtable *table = FOLLOW(files, fdt);
    if (fd >= FOLLOW(table, max_fds))
        return 0;
    struct file **list = FOLLOW(table, fd);
    struct file *file = 0;
    read_kernel(&file, sizeof(file), &list[fd]);
    return file;
}

INLINE u64 capabilities_of(const struct kernel_cap *set) {
    u64 value = 0;
    /* One number since 6.3, two before: the same bytes. */
    read_kernel(&value, sizeof(value), set);
    return value;
}
