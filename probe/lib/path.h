/* Paths, put together from the names of directories on the way up. */
#pragma once

#include "record.h"
#include "task.h"

/* At most so many names: the verifier counts the steps of all loops. */
#define MOST_NAMES 48
#define NAME_SIZE 256

INLINE void append_byte(struct writer *writer, u8 byte) {
    writer->bytes[writer->at & (RECORD_SIZE - 1)] = byte;
    writer->at += 1;
}

/* One step up: where the file system has a root, to what it is mounted on. Names are written from
 * the back of the second half of the record, which nothing else uses meanwhile. False at the end. */
INLINE int step_up(struct writer *writer, struct dentry *root, struct vfsmount *root_mount) {
    struct dentry *dentry = (struct dentry *)writer->nodes[0];
    struct mount *mount = (struct mount *)writer->nodes[1];
    if (dentry == root && PLACE(mount, mnt) == root_mount)
        return 0;
    struct dentry *parent = GET(dentry, d_parent);
    if (dentry == parent || dentry == GET(mount, mnt.mnt_root)) {
        struct mount *above = GET(mount, mnt_parent);
        if (above == mount)
            return 0;
        writer->nodes[0] = (u64)GET(mount, mnt_mountpoint);
        writer->nodes[1] = (u64)above;
        return 1;
    }
    u32 length = GET(dentry, d_name.len);
    const u8 *name = GET(dentry, d_name.name);
    if (length >= NAME_SIZE || length + 1 > writer->count) {
        writer->flags |= RECORD_TRUNCATED;
        return 0;
    }
    writer->count -= length + 1;
    u8 *place = &writer->bytes[RECORD_SIZE + (writer->count & (TEXT_SIZE - 1))];
    place[0] = '/';
    read_kernel(place + 1, length & (NAME_SIZE - 1), name);
    writer->nodes[0] = (u64)parent;
    return 1;
}

/* The path of a directory entry as a process sees it. (The kernel has a helper for it, not for
 * programs of this kind.) */
INLINE void put_path(struct writer *writer, struct dentry *dentry, struct vfsmount *mount,
                     struct task_struct *task) {
    if (!dentry) {
        put_nothing(writer);
        return;
    }
    struct fs_struct *fs = FOLLOW(task, fs);
    struct dentry *root = FOLLOW(fs, root.dentry);
    struct vfsmount *root_mount = FOLLOW(fs, root.mnt);
    u32 offset = __builtin_preserve_field_info(((struct mount *)0)->mnt, 0);
    writer->nodes[0] = (u64)dentry;
    writer->nodes[1] = (u64)mount - offset;
    writer->count = TEXT_SIZE - 1;
    for (int i = 0; i < MOST_NAMES; i++)
        if (!step_up(writer, root, root_mount))
            break;
    u32 first = writer->count & (TEXT_SIZE - 1);
    u32 size = (TEXT_SIZE - 1 - first) & (TEXT_SIZE - 1);
    u32 start = writer->at;
    read_kernel(next_place(writer), size, &writer->bytes[RECORD_SIZE + first]);
    writer->at += size;
    if (!size) {
        /* The root, which is called so, or a file that is in no directory: in memory. */
        const u8 *name = GET((struct dentry *)writer->nodes[0], d_name.name);
        long got = read_kernel_string(next_place(writer), NAME_SIZE, name);
        if (got > 1)
            writer->at += (got - 1) & (NAME_SIZE - 1);
    }
    append_byte(writer, 0);
    end_parameter_at(writer, start);
}

INLINE struct kernfs_node *parent_of(struct kernfs_node *node) {
    if (HAS(node, __parent))
        return GET(node, __parent);
    return GET(node, parent);
}

/* `name=/path` of a control group, with its NUL. */
INLINE void append_cgroup(struct writer *writer, const char *name, u32 name_size,
                          struct kernfs_node *node) {
    writer->count = 0;
    for (u32 i = 0; i < MOST_GROUPS; i++) {
        struct kernfs_node *parent = node ? parent_of(node) : 0;
        if (!parent)
            break;
        writer->nodes[i] = (u64)node;
        writer->count = i + 1;
        node = parent;
    }
    __builtin_memcpy(next_place(writer), name, name_size);
    writer->at += name_size;
    if (!writer->count)
        append_byte(writer, '/');
    for (int i = MOST_GROUPS - 1; i >= 0; i--) {
        if ((u32)i >= writer->count)
            continue;
        append_byte(writer, '/');
        struct kernfs_node *group = (struct kernfs_node *)writer->nodes[i];
        const char *text = GET(group, name);
        long got = read_kernel_string(next_place(writer), NAME_SIZE, text);
        if (got > 1)
            writer->at += (got - 1) & (NAME_SIZE - 1);
    }
    append_byte(writer, 0);
}
