/* Processes that begin, become another program, and end. */
#include "lib/buffers.h"
#include "lib/call.h"
#include "lib/files.h"
#include "lib/path.h"

#define PR_FILE_LIMIT 7
#define TMPFS 0x01021994

#define EXE_WRITABLE 1
#define EXE_UPPER_LAYER 2
#define EXE_FROM_MEMFD 4
#define EXE_LOWER_LAYER 8

#define ARGUMENTS_SIZE 4095
/* Arguments of calls that failed: so many, so long. */
#define MOST_ARGUMENTS 32
#define ARGUMENT_SIZE 1024
#define MOST_ANCESTORS 32
#define MOST_SIBLINGS 128

/* include/linux/sched.h: the thread ends */
#define PF_EXITING 4

/* Whether the kernel has `task_registers` (since Linux 5.15). */
const volatile u32 has_task_registers = 0;

/* Event types (crates/lanner-event/src/tables/events.tsv). */
enum { EXIT_EVENT = 186, CLONE_EVENT = 223, EXECVEAT_EVENT = 331, CLONE3_EVENT = 335 };

enum { EXECVE = 59, EXECVEAT = 322, EXECVEAT_X32 = 545, EXECVEAT_I386 = 358 };

INLINE u32 pages_to_kb(u64 pages) {
    return pages << 2;
}

INLINE s64 rss_count(struct mm_struct *mm, int which) {
    s64 count = 0;
    if (__builtin_preserve_type_info(*(struct percpu_counter *)0, 0) &&
        __builtin_preserve_field_info(mm->rss_stat, 1) > 4 * sizeof(s64))
        read_kernel(&count, sizeof(count),
                    (u8 *)PLACE(mm, rss_stat[0].count) + which * SIZE_OF(struct percpu_counter));
    else
        read_kernel(&count, sizeof(count), (u8 *)PLACE(mm, rss_stat) + which * sizeof(s64));
    return count > 0 ? count : 0;
}

/* The first process of the innermost pid namespace, which takes orphans. */
INLINE struct task_struct *first_of_namespace(struct pid *pid) {
    if (!pid)
        return 0;
    u32 level = FOLLOW(pid, level);
    struct pid_namespace *space = 0;
    read_kernel(&space, sizeof(space),
                (u8 *)PLACE(pid, numbers[0].ns) + level * SIZE_OF(struct upid));
    return space ? GET(space, child_reaper) : 0;
}

/* Whether a process takes the orphans among its descendants (PR_SET_CHILD_SUBREAPER). */
INLINE int takes_orphans(struct task_struct *task) {
    struct signal_struct *signal = FOLLOW(task, signal);
    u64 bits = 0;
    if (signal)
        read_kernel(&bits, sizeof(u32),
                    (u8 *)signal + FIELD(signal, is_child_subreaper, FIELD_OFFSET));
    bits <<= FIELD(signal, is_child_subreaper, FIELD_LEFT_SHIFT);
    return bits >> FIELD(signal, is_child_subreaper, FIELD_RIGHT_SHIFT);
}

INLINE u32 terminal_of(struct task_struct *task) {
    struct signal_struct *signal = FOLLOW(task, signal);
    struct tty_struct *tty = FOLLOW(signal, tty);
    struct tty_driver *driver = tty ? FOLLOW(tty, driver) : 0;
    if (!driver)
        return 0;
    u32 major = FOLLOW(driver, major);
    u32 minor = FOLLOW(driver, minor_start) + FOLLOW(tty, index);
    return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

INLINE struct kernfs_node *cgroup_node(struct css_set *set, u32 subsystem) {
    struct cgroup_subsys_state *state = 0;
    read_kernel(&state, sizeof(state), PLACE(set, subsys[0]) + subsystem * sizeof(void *));
    struct cgroup *cgroup = state ? GET(state, cgroup) : 0;
    return cgroup ? GET(cgroup, kn) : 0;
}

enum cgroup_subsys_id { cpuset_cgrp_id, cpu_cgrp_id, cpuacct_cgrp_id, io_cgrp_id, memory_cgrp_id };

#define CGROUP(name)                                                                               \
    if (__builtin_preserve_enum_value(*(enum cgroup_subsys_id *)name##_cgrp_id, 0))                \
        append_cgroup(writer, #name "=", sizeof(#name),                                            \
                      cgroup_node(set, __builtin_preserve_enum_value(                              \
                                           *(enum cgroup_subsys_id *)name##_cgrp_id, 1)));

INLINE void put_cgroups(struct writer *writer, struct task_struct *task) {
    struct css_set *set = FOLLOW(task, cgroups);
    u32 start = writer->at;
    CGROUP(cpuset)
    CGROUP(cpu)
    CGROUP(cpuacct)
    CGROUP(io)
    CGROUP(memory)
    end_parameter_at(writer, start);
}

/* The program's name for itself and its arguments, as they are in its memory. */
INLINE void put_own_arguments(struct writer *writer, struct mm_struct *mm) {
    u64 start = mm ? FOLLOW(mm, arg_start) : 0;
    u64 end = mm ? FOLLOW(mm, arg_end) : 0;
    u32 before = writer->at;
    put_user_string(writer, (void *)start);
    u64 rest = start + (writer->at - before);
    put_user_bytes(writer, (void *)rest, end > rest ? end - rest : 0, ARGUMENTS_SIZE);
}

/* The same, as they are given to a call. */
INLINE void put_given_arguments(struct writer *writer, u64 list) {
    put_user_string(writer, (void *)user_word(writer, list, 0));
    u32 start = writer->at;
    for (u32 i = 1; i < MOST_ARGUMENTS; i++) {
        const void *text = (void *)user_word(writer, list, i);
        if (!text)
            break;
        u32 told = writer->at - start;
        if (told >= ARGUMENTS_SIZE) {
            writer->flags |= RECORD_TRUNCATED;
            break;
        }
        long got = read_user_string(next_place(writer), ARGUMENT_SIZE, text);
        if (got < 0) {
            writer->flags |= RECORD_UNREADABLE;
            break;
        }
        writer->at += got & (2 * ARGUMENT_SIZE - 1);
    }
    end_parameter_at(writer, start);
}

/* What events of new processes and of new programs have in common, behind the arguments. */
INLINE void put_common(struct writer *writer, struct task_struct *task) {
    struct mm_struct *mm = FOLLOW(task, mm);
    struct signal_struct *signal = FOLLOW(task, signal);
    put_s64(writer, FOLLOW(task, pid));
    put_s64(writer, FOLLOW(task, tgid));
    struct task_struct *parent = FOLLOW(task, real_parent);
    put_s64(writer, parent ? FOLLOW(parent, pid) : 0);
    put_nothing(writer);
    put_s64(writer, FOLLOW(signal, rlim[PR_FILE_LIMIT].rlim_cur));
    put_u64(writer, FOLLOW(task, maj_flt));
    put_u64(writer, FOLLOW(task, min_flt));
    put_u32(writer, mm ? pages_to_kb(FOLLOW(mm, total_vm)) : 0);
    put_u32(writer, mm ? pages_to_kb(rss_count(mm, 0) + rss_count(mm, 1) + rss_count(mm, 3)) : 0);
    put_u32(writer, mm ? pages_to_kb(rss_count(mm, 2)) : 0);
    put_kernel_string(writer, PLACE(task, comm));
    put_cgroups(writer, task);
}

INLINE u64 nanoseconds(s64 seconds, u64 rest) {
    return seconds * 1000000000ULL + rest;
}

INLINE u64 changed(struct inode *inode) {
    if (HAS(inode, i_ctime_sec))
        return nanoseconds(FOLLOW(inode, i_ctime_sec), FOLLOW(inode, i_ctime_nsec));
    if (HAS(inode, __i_ctime))
        return nanoseconds(FOLLOW(inode, __i_ctime.tv_sec), FOLLOW(inode, __i_ctime.tv_nsec));
    return nanoseconds(FOLLOW(inode, i_ctime.tv_sec), FOLLOW(inode, i_ctime.tv_nsec));
}

INLINE u64 modified(struct inode *inode) {
    if (HAS(inode, i_mtime_sec))
        return nanoseconds(FOLLOW(inode, i_mtime_sec), FOLLOW(inode, i_mtime_nsec));
    if (HAS(inode, __i_mtime))
        return nanoseconds(FOLLOW(inode, __i_mtime.tv_sec), FOLLOW(inode, __i_mtime.tv_nsec));
    return nanoseconds(FOLLOW(inode, i_mtime.tv_sec), FOLLOW(inode, i_mtime.tv_nsec));
}

#define CAN_OVERRIDE_ACCESS (1 << 1)

/* What is special about a program's file. */
INLINE u32 properties_of(struct inode *inode, struct cred *cred) {
    u32 properties = 0;
    u16 mode = FOLLOW(inode, i_mode);
    u32 user = FOLLOW(cred, euid.val), group = FOLLOW(cred, egid.val);
    int writable = (mode & 0002) || (FOLLOW(inode, i_uid.val) == user && (mode & 0200)) ||
                   (FOLLOW(inode, i_gid.val) == group && (mode & 0020)) ||
                   (capabilities_of(PLACE(cred, cap_effective)) & CAN_OVERRIDE_ACCESS);
    if (writable)
        properties |= EXE_WRITABLE;
    struct super_block *block = FOLLOW(inode, i_sb);
    enum layer layer = layer_of(inode, block);
    if (layer == LAYER_UPPER)
        properties |= EXE_UPPER_LAYER;
    else if (layer == LAYER_LOWER)
        properties |= EXE_LOWER_LAYER;
    if (FOLLOW(block, s_magic) == TMPFS && FOLLOW(inode, i_nlink) == 0)
        properties |= EXE_FROM_MEMFD;
    return properties;
}

/* What events of execs hold behind the control groups. */
INLINE void put_program(struct writer *writer, struct task_struct *task, struct mm_struct *mm) {
    struct cred *cred = FOLLOW(task, cred);
    put_u32(writer, terminal_of(task));
    struct signal_struct *signal = FOLLOW(task, signal);
    struct pid *group = FOLLOW(signal, pids[PIDTYPE_PGID]);
    put_s64(writer, id_in_namespace(group));
    put_u32(writer, FOLLOW(task, loginuid.val));
    struct file *exe = mm ? FOLLOW(mm, exe_file) : 0;
    struct inode *inode = exe ? FOLLOW(exe, f_inode) : 0;
    put_u32(writer, inode ? properties_of(inode, cred) : 0);
    put_u64(writer, capabilities_of(PLACE(cred, cap_inheritable)));
    put_u64(writer, capabilities_of(PLACE(cred, cap_permitted)));
    put_u64(writer, capabilities_of(PLACE(cred, cap_effective)));
    put_u64(writer, inode ? FOLLOW(inode, i_ino) : 0);
    put_u64(writer, inode ? changed(inode) : 0);
    put_u64(writer, inode ? modified(inode) : 0);
    put_u32(writer, FOLLOW(cred, euid.val));
    put_path(writer, exe ? FOLLOW(exe, f_path.dentry) : 0, exe ? FOLLOW(exe, f_path.mnt) : 0,
             task);
    put_s64(writer, id_of_host(group));
    put_u32(writer, FOLLOW(cred, egid.val));
}

/* The call by which a program began: its registers tell, where they can be asked for. */
INLINE u32 exec_call(void *task) {
    if (!has_task_registers)
        return EXECVE;
    struct pt_regs *registers = task_registers(task);
    u32 number = FOLLOW(registers, orig_ax) & ~X32_BIT;
    int at = number == EXECVEAT || number == EXECVEAT_I386 || number == EXECVEAT_X32;
    return at ? EXECVEAT : EXECVE;
}

/* A program has begun. (At the end of the call the process can be one of another kind.) */
SECTION("tp_btf/sched_process_exec")
int on_program(u64 *context) {
    u32 number = exec_call((void *)context[0]);
    struct task_struct *task = (struct task_struct *)context[0];
    struct linux_binprm *binary = (struct linux_binprm *)context[2];
    struct call *call = map_lookup(&calls, &number);
    if (!call || !call->code || (u32)FOLLOW(task, tgid) == own_process)
        return 0;
    struct writer *writer = begin(call->code, call->parameters, FOLLOW(task, pid));
    if (!writer)
        return 0;
    struct mm_struct *mm = FOLLOW(task, mm);
    put_s64(writer, 0);
    put_own_arguments(writer, mm);
    put_common(writer, task);
    u64 start = mm ? FOLLOW(mm, env_start) : 0, end = mm ? FOLLOW(mm, env_end) : 0;
    put_user_bytes(writer, (void *)start, end - start, ARGUMENTS_SIZE);
    put_program(writer, task, mm);
    if (number == EXECVE)
        put_kernel_string(writer, FOLLOW(binary, filename));
    send(writer);
    return 0;
}

/* execve and execveat that failed; the others are told of by `on_program`. */
SECTION("tp_btf/sys_exit")
int on_exec(u64 *context) {
    struct pt_regs *registers = (struct pt_regs *)context[0];
    struct task_struct *task = current_task();
    s64 result = context[1];
    u32 number = call_number(registers, task);
    struct call *call = map_lookup(&calls, &number);
    if (!call || result >= 0)
        return 0;
    struct writer *writer = begin_call(call, registers, number, context[1]);
    if (!writer)
        return 0;
    put_s64(writer, result);
    int at = call->code == EXECVEAT_EVENT;
    put_given_arguments(writer, argument(writer, at ? 2 : 1));
    put_common(writer, task);
    put_nothing(writer);
    put_program(writer, task, FOLLOW(task, mm));
    if (!at)
        put_user_string(writer, (void *)argument(writer, 0));
    send(writer);
    return 0;
}

/* clone, clone3, fork and vfork: in the parent, and in the child. */
SECTION("tp_btf/sys_exit")
int on_clone(u64 *context) {
    struct pt_regs *registers = (struct pt_regs *)context[0];
    struct task_struct *task = current_task();
    u32 number = call_number(registers, task);
    struct call *call = map_lookup(&calls, &number);
    if (!call)
        return 0;
    struct writer *writer = begin_call(call, registers, number, context[1]);
    if (!writer)
        return 0;
    struct cred *cred = FOLLOW(task, cred);
    put_s64(writer, context[1]);
    put_own_arguments(writer, FOLLOW(task, mm));
    put_common(writer, task);
    u64 flags = 0;
    if (call->code == CLONE_EVENT)
        flags = argument(writer, 0);
    else if (call->code == CLONE3_EVENT)
        read_user(&flags, sizeof(flags), (void *)argument(writer, 0));
    put_u32(writer, flags);
    put_u32(writer, FOLLOW(cred, euid.val));
    put_u32(writer, FOLLOW(cred, egid.val));
    struct task_struct *leader = FOLLOW(task, group_leader);
    struct pid *pid = FOLLOW(task, thread_pid);
    put_s64(writer, id_in_namespace(pid));
    put_s64(writer, id_in_namespace(FOLLOW(leader, thread_pid)));
    struct task_struct *first = first_of_namespace(pid);
    put_u64(writer, first ? GET(first, start_boottime) : 0);
    send(writer);
    return 0;
}

/* Another thread of the process that does not end, too; 0 if there is none. */
INLINE s64 living_sibling(struct task_struct *task) {
    struct signal_struct *signal = FOLLOW(task, signal);
    struct list_head *head = (struct list_head *)PLACE(signal, thread_head);
    struct list_head *node = FOLLOW(task, thread_node.next);
    for (int i = 0; i < MOST_SIBLINGS; i++) {
        /* The list goes around: past its head, and to the thread itself. */
        if ((u64)node != (u64)head) {
            struct task_struct *one =
                (struct task_struct *)((u64)node - FIELD((struct task_struct *)0, thread_node,
                                                         FIELD_OFFSET));
            if ((u64)one == (u64)task)
                return 0;
            if (!(GET(one, flags) & PF_EXITING))
                return GET(one, pid);
        }
        node = GET(node, next);
    }
    return 0;
}

/* Who takes the children of a thread that ends: the rest of its process, the next ancestor that
 * asked for it, or the first process of its namespace; 0 if it has no children. */
INLINE s64 reaper_of(struct task_struct *task) {
    struct list_head *children = FOLLOW(task, children.next);
    if ((u64)children == (u64)PLACE(task, children))
        return 0;
    s64 sibling = living_sibling(task);
    if (sibling)
        return sibling;
    struct task_struct *first = first_of_namespace(FOLLOW(task, thread_pid));
    struct task_struct *ancestor = task;
    for (int i = 0; i < MOST_ANCESTORS; i++) {
        ancestor = FOLLOW(ancestor, real_parent);
        if (!ancestor || (u64)ancestor == (u64)first || takes_orphans(ancestor))
            break;
    }
    if (ancestor && (u64)ancestor != (u64)first && takes_orphans(ancestor))
        return FOLLOW(ancestor, tgid);
    return first ? GET(first, pid) : 0;
}

/* The end of a thread. */
SECTION("tp_btf/sched_process_exit")
int on_task_exit(u64 *context) {
    struct task_struct *task = (struct task_struct *)context[0];
    u32 process = FOLLOW(task, tgid);
    if (process == own_process)
        return 0;
    struct writer *writer = begin(EXIT_EVENT, 5, FOLLOW(task, pid));
    if (!writer)
        return 0;
    s32 status = FOLLOW(task, exit_code);
    u8 signal = status & 0x7f;
    put_s64(writer, status);
    put_s64(writer, signal ? -1 : (status >> 8) & 0xff);
    put_u8(writer, signal);
    put_u8(writer, (status & 0x80) != 0);
    s64 reaper = reaper_of(task);
    put_s64(writer, reaper);
    send(writer);
    return 0;
}
