// SPDX-License-Identifier: MIT
#include "model/checker/fiber.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <new>
#include <sys/mman.h>

#if defined(_LIBCPP_VERSION)
// The C++ ABI has it, libc++'s header does not say so.
namespace __cxxabiv1 {
extern "C" void* __cxa_get_globals();
}
#endif

// `swapcontext` makes a system call for the signal mask, a hundred times the price of the switch.
#if !GREGOR_MODEL_UCONTEXT && defined(__x86_64__)
asm(R"(
    .text
    .globl gregor_model_switch
    .type gregor_model_switch, @function
gregor_model_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size gregor_model_switch, . - gregor_model_switch
)");
#elif !GREGOR_MODEL_UCONTEXT && defined(__aarch64__)
asm(R"(
    .text
    .globl gregor_model_switch
    .type gregor_model_switch, %function
gregor_model_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size gregor_model_switch, . - gregor_model_switch
)");
#endif

#if !GREGOR_MODEL_UCONTEXT
extern "C" void gregor_model_switch(void** from, void* to);
#endif

namespace gregor::model {

fiber::~fiber()
{
    if (stack_ != nullptr) {
        ::munmap(stack_, stack_bytes);
    }
}

void fiber::need_stack()
{
    if (stack_ == nullptr) {
        void* memory = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            throw std::bad_alloc{};
        }
        stack_ = static_cast<char*>(memory);
        ::mprotect(stack_, 4096, PROT_NONE);
    }
}

#if GREGOR_MODEL_UCONTEXT

void fiber::begin(void (*entry)())
{
    need_stack();
    exceptions_ = {};
    ::getcontext(&context_);
    context_.uc_stack.ss_sp = stack_;
    context_.uc_stack.ss_size = stack_bytes;
    context_.uc_link = nullptr;
    ::makecontext(&context_, entry, 0);
}

#else

void fiber::begin(void (*entry)())
{
    need_stack();
    exceptions_ = {};
    void** top = reinterpret_cast<void**>(stack_ + stack_bytes);
#    if defined(__x86_64__)
    *--top = nullptr; // where a caller would stand: the stack is aligned as after a call
    *--top = reinterpret_cast<void*>(entry);
    for (int saved = 0; saved < 6; ++saved) {
        *--top = nullptr;
    }
#    else
    for (int saved = 0; saved < 20; ++saved) {
        *--top = nullptr;
    }
    top[11] = reinterpret_cast<void*>(entry); // the link register
#    endif
    top_ = top;
}

#endif

void fiber::go(fiber& from, fiber& to)
{
    static void* const in_flight = abi::__cxa_get_globals();
    std::memcpy(static_cast<void*>(&from.exceptions_), in_flight, sizeof(void*) + sizeof(unsigned));
    std::memcpy(in_flight, &to.exceptions_, sizeof(void*) + sizeof(unsigned));
#if GREGOR_MODEL_UCONTEXT
    ::swapcontext(&from.context_, &to.context_);
#else
    gregor_model_switch(&from.top_, to.top_);
#endif
}

} // namespace gregor::model
