/* The members of kernel structures that the probe reads. Only their names and kinds matter: where
 * they are is looked up in the running kernel's type information when the probe is loaded. */
#pragma once

#include "types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
    unsigned long bp;
    unsigned long bx;
    unsigned long cx;
    unsigned long di;
    unsigned long si;
    unsigned long dx;
    unsigned long r10;
    unsigned long r8;
    unsigned long r9;
    unsigned long orig_ax;
};

struct thread_info {
    u32 status;
};

struct list_head {
    struct list_head *next;
};

struct kuid {
    u32 val;
};

typedef struct kuid kuid_t;
typedef struct kuid kgid_t;

struct timespec64 {
    s64 tv_sec;
    long tv_nsec;
};

struct qstr {
    u32 len;
    const unsigned char *name;
};

struct super_block {
    u32 s_dev;
    unsigned long s_magic;
};

struct inode {
    unsigned short i_mode;
    kuid_t i_uid;
    kgid_t i_gid;
    unsigned long i_ino;
    struct super_block *i_sb;
    unsigned int i_nlink;
    /* until 6.10, and until 6.6 */
    struct timespec64 __i_ctime;
    struct timespec64 __i_mtime;
    struct timespec64 i_ctime;
    struct timespec64 i_mtime;
    /* from 6.11 on */
    s64 i_ctime_sec;
    s64 i_mtime_sec;
    u32 i_ctime_nsec;
    u32 i_mtime_nsec;
};

struct dentry {
    struct dentry *d_parent;
    struct qstr d_name;
    struct inode *d_inode;
    struct super_block *d_sb;
};

struct vfsmount {
    struct dentry *mnt_root;
};

struct path {
    struct vfsmount *mnt;
    struct dentry *dentry;
};

struct mount {
    struct mount *mnt_parent;
    struct dentry *mnt_mountpoint;
    struct vfsmount mnt;
};

struct file {
    struct path f_path;
    struct inode *f_inode;
    unsigned int f_flags;
    unsigned int f_mode;
    void *private_data;
};

struct fdtable {
    unsigned int max_fds;
    struct file **fd;
};

struct files_struct {
    struct fdtable *fdt;
};

struct fs_struct {
    struct path root;
    struct path pwd;
};

struct kernfs_node {
    const char *name;
    /* until 6.14 */
    struct kernfs_node *parent;
    /* from 6.15 on */
    struct kernfs_node *__parent;
};

struct cgroup {
    struct kernfs_node *kn;
};

struct cgroup_subsys_state {
    struct cgroup *cgroup;
};

struct css_set {
    struct cgroup_subsys_state *subsys[16];
    struct cgroup *dfl_cgrp;
};

struct percpu_counter {
    s64 count;
};

struct mm_rss_stat {
    s64 count[4];
};

struct mm_struct {
    unsigned long total_vm;
    unsigned long arg_start;
    unsigned long arg_end;
    unsigned long env_start;
    unsigned long env_end;
    struct file *exe_file;
    /* until 6.1 an array of counts, then of counters */
    struct percpu_counter rss_stat[4];
};

struct linux_binprm {
    const char *filename;
};

struct rlimit {
    unsigned long rlim_cur;
};

struct tty_struct {
    int index;
    struct tty_driver *driver;
};

struct tty_driver {
    int major;
    int minor_start;
};

struct upid {
    int nr;
    struct pid_namespace *ns;
};

struct pid {
    unsigned int level;
    struct upid numbers[1];
};

struct pid_namespace {
    struct task_struct *child_reaper;
    unsigned int level;
};

struct signal_struct {
    struct list_head thread_head;
    struct rlimit rlim[16];
    struct tty_struct *tty;
    struct pid *pids[4];
    int group_exit_code;
    unsigned int is_child_subreaper : 1;
};

struct user_namespace {
    int level;
};

struct kernel_cap {
    u64 val;
    u32 cap[2];
};

struct cred {
    kuid_t uid;
    kgid_t gid;
    kuid_t suid;
    kgid_t sgid;
    kuid_t euid;
    kgid_t egid;
    struct kernel_cap cap_inheritable;
    struct kernel_cap cap_permitted;
    struct kernel_cap cap_effective;
    struct user_namespace *user_ns;
};

struct nsproxy {
    struct pid_namespace *pid_ns_for_children;
};

struct task_struct {
    struct thread_info thread_info;
    unsigned int flags;
    struct mm_struct *mm;
    int exit_code;
    int pid;
    int tgid;
    struct task_struct *real_parent;
    struct task_struct *parent;
    struct list_head children;
    struct list_head thread_node;
    struct task_struct *group_leader;
    struct pid *thread_pid;
    unsigned long min_flt;
    unsigned long maj_flt;
    u64 start_time;
    /* from 5.5 on */
    u64 start_boottime;
    struct cred *real_cred;
    struct cred *cred;
    char comm[16];
    struct fs_struct *fs;
    struct files_struct *files;
    struct nsproxy *nsproxy;
    struct signal_struct *signal;
    kuid_t loginuid;
    struct css_set *cgroups;
};

/* Sockets: net/core, net/unix. */
struct in6_addr {
    u8 bytes[16];
};

struct sock_common {
    u32 skc_daddr;
    u32 skc_rcv_saddr;
    u16 skc_dport;
    u16 skc_num;
    unsigned short skc_family;
    volatile unsigned char skc_state;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
    struct sock_common __sk_common;
    u16 sk_type;
    u16 sk_protocol;
};

struct socket {
    short type;
    struct file *file;
    struct sock *sk;
};

struct sockaddr_un {
    u16 sun_family;
    char sun_path[108];
};

struct unix_address {
    int len;
    struct sockaddr_un name[0];
};

struct unix_sock {
    struct unix_address *addr;
    struct sock *peer;
};

#pragma clang attribute pop
