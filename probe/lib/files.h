/* Opened files. */
#pragma once

#include "helpers.h"
#include "kernel.h"
#include "record.h"
#include "task.h"

#define OVERLAYFS 0x794c7630

/* Flags that no call has: what the kernel did. See file_flags in native_flags.tsv (lanner-event). */
#define OPENED_CREATED 0x10000000
#define OPENED_UPPER_LAYER 0x20000000
#define OPENED_LOWER_LAYER 0x40000000

/* include/linux/fs.h */
#define FMODE_CREATED 0x100000

/* The file that the result of the call is the descriptor of, found once for a record. */
INLINE struct file *opened_file(struct writer *writer, struct task_struct *task) {
    if ((s64)writer->arguments[RESULT] < 0)
        return 0;
    if (!writer->nodes[0])
        writer->nodes[0] = (u64)file_of(task, writer->arguments[RESULT]);
    return (struct file *)writer->nodes[0];
}

/* Where it is. */
struct place {
    u32 device;
    u64 inode;
};

INLINE void find_place(struct writer *writer, struct task_struct *task, struct place *place) {
    struct file *opened = opened_file(writer, task);
    if (!opened)
        return;
    struct file *file = AS(file, opened);
    struct inode *inode = SEE(file, f_inode);
    if (!inode)
        return;
    struct super_block *block = SEE(inode, i_sb);
    u32 device = SEE(block, s_dev);
    /* new_encode_dev: how user space sees it */
    u32 major = device >> 20, minor = device & 0xfffff;
    place->device = (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
    place->inode = SEE(inode, i_ino);
}

INLINE void put_place(struct writer *writer, struct task_struct *task) {
    struct place place = {0};
    find_place(writer, task, &place);
    put_u32(writer, place.device);
    put_u64(writer, place.inode);
}

INLINE u64 inode_of(struct file *file) {
    struct inode *inode = file ? GET(file, f_inode) : 0;
    return inode ? GET(inode, i_ino) : 0;
}

enum layer { LAYER_NONE, LAYER_LOWER, LAYER_UPPER };

/* Where an overlay file system has a file. */
INLINE enum layer layer_of(struct inode *inode, struct super_block *block) {
    if (SEE(block, s_magic) != OVERLAYFS)
        return LAYER_NONE;
    /* fs/overlayfs/ovl_entry.h: behind the inode stands the upper layer's entry. */
    struct dentry *upper = 0;
    read_kernel(&upper, sizeof(upper), (u8 *)inode + SIZE_OF(struct inode));
    return upper ? LAYER_UPPER : LAYER_LOWER;
}

/* Flags of the call, with what became of the file. */
INLINE u32 open_flags(struct writer *writer, u32 flags, struct task_struct *task) {
    struct file *opened = opened_file(writer, task);
    if (!opened)
        return flags;
    struct file *file = AS(file, opened);
    if (SEE(file, f_mode) & FMODE_CREATED)
        flags |= OPENED_CREATED;
    struct inode *inode = SEE(file, f_inode);
    if (!inode)
        return flags;
    enum layer layer = layer_of(inode, SEE(inode, i_sb));
    if (layer == LAYER_UPPER)
        flags |= OPENED_UPPER_LAYER;
    else if (layer == LAYER_LOWER)
        flags |= OPENED_LOWER_LAYER;
    return flags;
}
