// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local long made = 0;
thread_local std::size_t made_bytes = 0;
thread_local long alive = 0;
thread_local long fails_at = 0;

/// More than any machine has; a sanitizer's allocator would end the process, and not throw.
constexpr std::size_t too_much = std::size_t{1} << 44U;

void* allocate(std::size_t bytes, std::size_t alignment)
{
    ++made;
    if ((fails_at > 0 && --fails_at == 0) || bytes >= too_much) {
        throw std::bad_alloc{};
    }
    bytes = bytes == 0 ? 1 : bytes;
    void* const block =
        alignment <= alignof(std::max_align_t)
            ? std::malloc(bytes)
            : std::aligned_alloc(alignment, (bytes + alignment - 1) & ~(alignment - 1));
    if (block == nullptr) {
        throw std::bad_alloc{};
    }
    ++alive;
    made_bytes += bytes;
    return block;
}

void* allocate_or_null(std::size_t bytes, std::size_t alignment) noexcept
{
    try {
        return allocate(bytes, alignment);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void release(void* block) noexcept
{
    alive -= block != nullptr ? 1 : 0;
    std::free(block);
}

} // namespace

namespace support {

long allocations() noexcept
{
    return made;
}

std::size_t allocated_bytes() noexcept
{
    return made_bytes;
}

long live_blocks() noexcept
{
    return alive;
}

void fail_allocation(long n) noexcept
{
    fails_at = n;
}

} // namespace support

void* operator new(std::size_t bytes)
{
    return allocate(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes)
{
    return allocate(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment)
{
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment)
{
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
// All of them: a sanitizer has its own of those that are left, and finds a mismatch.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept
{
    return allocate_or_null(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept
{
    return allocate_or_null(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    return allocate_or_null(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept
{
    return allocate_or_null(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept
{
    release(block);
}
void operator delete[](void* block) noexcept
{
    release(block);
}
void operator delete(void* block, std::size_t) noexcept
{
    release(block);
}
void operator delete[](void* block, std::size_t) noexcept
{
    release(block);
}
void operator delete(void* block, std::align_val_t) noexcept
{
    release(block);
}
void operator delete[](void* block, std::align_val_t) noexcept
{
    release(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept
{
    release(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept
{
    release(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept
{
    release(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept
{
    release(block);
}
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept
{
    release(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept
{
    release(block);
}
