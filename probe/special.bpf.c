/* System calls whose parameters depend on each other. */
#include "lib/call.h"
#include "lib/files.h"
#include "lib/path.h"
#include "lib/record.h"
#include "lib/task.h"

/* include/uapi/linux/prctl.h */
enum { SET_NAME = 15, GET_CHILD_SUBREAPER = 37 };

INLINE struct writer *begin_special(u64 *context) {
    struct pt_regs *registers = (struct pt_regs *)context[0];
    u32 number = call_number(registers, current_task());
    struct call *call = map_lookup(&calls, &number);
    if (!call)
        return 0;
    struct writer *writer = begin_call(call, registers, number, context[1]);
    if (writer)
        put_s64(writer, context[1]);
    return writer;
}

SECTION("tp_btf/sys_exit")
int on_prctl(u64 *context) {
    struct writer *writer = begin_special(context);
    if (!writer)
        return 0;
    u32 option = argument(writer, 0);
    s64 number = argument(writer, 1);
    put_u32(writer, option);
    if (option == SET_NAME) {
        put_user_string(writer, (void *)argument(writer, 1));
        number = 0;
    } else {
        put_nothing(writer);
    }
    if (option == GET_CHILD_SUBREAPER) {
        s32 value = 0;
        read_user(&value, sizeof(value), (void *)argument(writer, 1));
        number = value;
    }
    put_s64(writer, number);
    send(writer);
    return 0;
}

/* What the capabilities are, once they are set. */
SECTION("tp_btf/sys_exit")
int on_capset(u64 *context) {
    struct writer *writer = begin_special(context);
    if (!writer)
        return 0;
    struct task_struct *task = current_task();
    struct cred *cred = FOLLOW(task, cred);
    put_u64(writer, capabilities_of(PLACE(cred, cap_inheritable)));
    put_u64(writer, capabilities_of(PLACE(cred, cap_permitted)));
    put_u64(writer, capabilities_of(PLACE(cred, cap_effective)));
    send(writer);
    return 0;
}

/* A file that is opened without its name. */
SECTION("tp_btf/sys_exit")
int on_open_by_handle(u64 *context) {
    struct writer *writer = begin_special(context);
    if (!writer)
        return 0;
    struct task_struct *task = current_task();
    put_s64(writer, (s32)argument(writer, 0));
    put_u32(writer, open_flags(writer, argument(writer, 2), task));
    struct file *file = opened_file(writer, task);
    struct dentry *dentry = file ? GET(file, f_path.dentry) : 0;
    struct vfsmount *mount = file ? GET(file, f_path.mnt) : 0;
    put_path(writer, dentry, mount, task);
    /* The walk has used the place where the file is remembered. */
    writer->nodes[0] = 0;
    put_place(writer, task);
    send(writer);
    return 0;
}
