/* A plugin for QEMU's user emulation: the number of instructions that a program executes, on stderr at its end.

       gcc -shared -fPIC -o count.so benches/instructions.c
       qemu-aarch64 -plugin ./count.so PROGRAM...

   QEMU's header is in no package; these are the declarations that are used, of version 1 of its interface. */

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

struct qemu_plugin_tb;
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*)(uint64_t, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *to, uint64_t number);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*)(uint64_t, void *), void *data);

int qemu_plugin_version = 1;

static uint64_t instructions;

/* Called once for every block of instructions; whenever it is executed, their number is added. */
static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
    const int add = 0;
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, add, &instructions, qemu_plugin_tb_n_insns(block));
}

static void ended(uint64_t id, void *data)
{
    (void)id;
    (void)data;
    fprintf(stderr, "instructions: %" PRIu64 "\n", instructions);
}

int qemu_plugin_install(uint64_t id, const void *info, int count, char **arguments)
{
    (void)info;
    (void)count;
    (void)arguments;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
