/* Opened files. */
#pragma once

#include "helpers.h"
#include "kernel.h"

#define OVERLAYFS 0x794c7630

/* Flags that no call has: what the kernel did. Compared with tables/native_flags.tsv. */
#define OPENED_CREATED 0x10000000
#define OPENED_UPPER_LAYER 0x20000000
#define OPENED_LOWER_LAYER 0x40000000

/* include/linux/fs.h */
#define FMODE_CREATED 0x100000

INLINE u32 device_of(struct file *file) {
    struct inode *inode = file ? GET(file, f_inode) : 0;
    struct super_block *block = inode ? GET(inode, i_sb) : 0;
    u32 device = block ? GET(block, s_dev) : 0;
    /* new_encode_dev: how user space sees it */
    u32 major = device >> 20, minor = device & 0xfffff;
    return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

INLINE u64 inode_of(struct file *file) {
    struct inode *inode = file ? GET(file, f_inode) : 0;
    return inode ? GET(inode, i_ino) : 0;
}

enum layer { LAYER_NONE, LAYER_LOWER, LAYER_UPPER };

/* Where an overlay file system has a file. */
INLINE enum layer layer_of(struct inode *inode) {
    struct super_block *block = inode ? GET(inode, i_sb) : 0;
    if (!block || GET(block, s_magic) != OVERLAYFS)
        return LAYER_NONE;
    /* fs/overlayfs/ovl_entry.h: behind the inode stands the upper layer's entry. */
    struct dentry *upper = 0;
    read_kernel(&upper, sizeof(upper), (u8 *)inode + SIZE_OF(struct inode));
    return upper ? LAYER_UPPER : LAYER_LOWER;
}

INLINE u32 open_flags(u32 flags, struct file *file) {
    if (!file)
        return flags;
    if (GET(file, f_mode) & FMODE_CREATED)
        flags |= OPENED_CREATED;
    enum layer layer = layer_of(GET(file, f_inode));
    if (layer == LAYER_UPPER)
        flags |= OPENED_UPPER_LAYER;
    else if (layer == LAYER_LOWER)
        flags |= OPENED_LOWER_LAYER;
    return flags;
}
