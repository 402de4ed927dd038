// SPDX-License-Identifier: MIT
#include "model/checker/arena.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

namespace gregor::model::arena {
namespace {

constexpr std::size_t arena_bytes = std::size_t{16} << 20U;

bool in_use = false;
char* memory = nullptr;
std::size_t taken = 0;

void* take(std::size_t bytes, std::size_t alignment) noexcept
{
    if (memory == nullptr) {
        void* mapped = ::mmap(nullptr, arena_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapped == MAP_FAILED) {
            return nullptr;
        }
        memory = static_cast<char*>(mapped);
    }
    const std::size_t start = (taken + alignment - 1) / alignment * alignment;
    if (start + bytes > arena_bytes) {
        return nullptr;
    }
    taken = start + bytes;
    return memory + start;
}

void* allocate(std::size_t bytes, std::size_t alignment)
{
    if (in_use) {
        return take(bytes, alignment);
    }
    return alignment <= alignof(std::max_align_t)
               ? std::malloc(bytes)
               : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment)
{
    void* result = allocate(bytes == 0 ? 1 : bytes, alignment);
    if (result == nullptr) {
        throw std::bad_alloc{};
    }
    return result;
}

/// Memory of the arena stays as it is until the execution ends: what is used too late is found.
void release(void* pointer) noexcept
{
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    const auto first = reinterpret_cast<std::uintptr_t>(memory);
    if (memory == nullptr || address - first >= arena_bytes) {
        std::free(pointer);
    }
}

} // namespace

bool use(bool on) noexcept
{
    const bool before = in_use;
    in_use = on;
    return before;
}

void reset() noexcept
{
    taken = 0;
}

} // namespace gregor::model::arena

namespace arena = gregor::model::arena;

void* operator new(std::size_t bytes)
{
    return arena::allocate_or_throw(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes)
{
    return arena::allocate_or_throw(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment)
{
    return arena::allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment)
{
    return arena::allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}

void operator delete(void* pointer) noexcept
{
    arena::release(pointer);
}
void operator delete[](void* pointer) noexcept
{
    arena::release(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept
{
    arena::release(pointer);
}
void operator delete[](void* pointer, std::size_t) noexcept
{
    arena::release(pointer);
}
void operator delete(void* pointer, std::align_val_t) noexcept
{
    arena::release(pointer);
}
void operator delete[](void* pointer, std::align_val_t) noexcept
{
    arena::release(pointer);
}
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept
{
    arena::release(pointer);
}
void operator delete[](void* pointer, std::size_t, std::align_val_t) noexcept
{
    arena::release(pointer);
}
