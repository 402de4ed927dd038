// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "gregor/base/config.hpp"

namespace gregor::inline GREGOR_ABI {

namespace spelling {

template <class T>
[[nodiscard]] constexpr auto around() noexcept
{
#if defined(_MSC_VER) && !defined(__clang__)
    return std::string_view{__FUNCSIG__};
#else
    return std::string_view{__PRETTY_FUNCTION__};
#endif
}

// What stands around the type is the same for all types; one whose spelling is known shows it.
inline constexpr std::string_view known = "double";
inline constexpr std::size_t before = around<double>().find(known);
inline constexpr std::size_t behind = around<double>().size() - before - known.size();

template <class T>
[[nodiscard]] constexpr std::string_view of() noexcept
{
    constexpr std::string_view all = around<T>();
    return all.substr(before, all.size() - before - behind);
}

#if defined(__clang__)
/// Clang spells a type of a function like one of no namespace.
inline constexpr bool locals_are_bare = true;
#else
inline constexpr bool locals_are_bare = false;
#endif

[[nodiscard]] constexpr bool in_a_word(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Names something of no namespace that is no type of the language's.
[[nodiscard]] constexpr bool has_bare_name(std::string_view name) noexcept
{
    for (std::size_t i = 0; i < name.size();) {
        std::size_t end = i;
        while (end != name.size() && in_a_word(name[end])) {
            ++end;
        }
        const std::string_view word = name.substr(i, end - i);
        const bool qualified =
            (i >= 2 && name.substr(i - 2, 2) == "::") || name.substr(end, 2) == "::";
        bool known_word = word.empty() || (word[0] >= '0' && word[0] <= '9');
        for (const std::string_view each :
             {"bool",     "char",     "short",    "int",   "long",     "signed",  "unsigned",
              "float",    "double",   "void",     "const", "volatile", "wchar_t", "char8_t",
              "char16_t", "char32_t", "__int128", "true",  "false",    "nullptr"}) {
            known_word = known_word || word == each;
        }
        if (!qualified && !known_word) {
            return true;
        }
        i = end + (word.empty() ? 1 : 0);
    }
    return false;
}

/// Whether a spelling may stand for several types: those of one translation unit or one function,
/// and those without a name. (Values of class type among template arguments are `{}` to some
/// compilers.)
[[nodiscard]] constexpr bool ambiguous(std::string_view name) noexcept
{
    for (const std::string_view mark : {"anonymous", "unnamed", "lambda", ")::", "{"}) {
        if (name.find(mark) != std::string_view::npos) {
            return true;
        }
    }
    return locals_are_bare && has_bare_name(name);
}

} // namespace spelling

/// What a type is called, in messages and where types are compared by name: as the compiler spells
/// it. Compilers differ in that; a name that is to stay is given by a specialisation:
///
///     template <>
///     inline constexpr std::string_view gregor::type_name<trade> = "trade";
///
/// Cost  none at run time; no type information is needed
template <class T>
inline constexpr std::string_view type_name = spelling::of<T>();

/// Whether types may be told apart by their names alone: a name that was given is the only one of
/// its kind.
template <class T>
inline constexpr bool has_its_own_name =
    type_name<T> != spelling::of<T>() || !spelling::ambiguous(type_name<T>);

} // namespace gregor::inline GREGOR_ABI
