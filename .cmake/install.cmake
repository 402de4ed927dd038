# SPDX-License-Identifier: MIT
# Everything installed is independent of the machine, so all of it goes below include/ and share/.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/gregor")
set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")

if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
    install(
        TARGETS gregor
        EXPORT gregorTargets
        COMPONENT gregor
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT gregor
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
else()
    install(
        TARGETS gregor
        EXPORT gregorTargets
        COMPONENT gregor
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    install(
        DIRECTORY "${PROJECT_SOURCE_DIR}/include/gregor"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        COMPONENT gregor)
endif()
# These are installed whether or not this build has the package that each needs.
foreach(header IN ITEMS "${format_header}" "${run_header}")
    if(EXISTS "${header}")
        install(FILES "${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/gregor" COMPONENT gregor)
    endif()
endforeach()

install(
    EXPORT gregorTargets
    NAMESPACE gregor::
    DESTINATION "${package_dir}"
    COMPONENT gregor)
configure_package_config_file(
    "${CMAKE_CURRENT_LIST_DIR}/gregorConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/package/gregorConfig.cmake"
    INSTALL_DESTINATION "${package_dir}")
# Before 1.0 a minor version may break what the one before it promised.
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/package/gregorConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion
    ARCH_INDEPENDENT)

# The prefix is found from where the file stands, so that an installed tree may be moved.
file(
    RELATIVE_PATH
    from_pkgconfig_to_include
    "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig"
    "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file(
    "${CMAKE_CURRENT_LIST_DIR}/gregor.pc.in" "${PROJECT_BINARY_DIR}/package/gregor.pc" @ONLY)

install(
    FILES "${PROJECT_BINARY_DIR}/package/gregorConfig.cmake"
          "${PROJECT_BINARY_DIR}/package/gregorConfigVersion.cmake"
    DESTINATION "${package_dir}"
    COMPONENT gregor)
install(
    FILES "${PROJECT_BINARY_DIR}/package/gregor.pc"
    DESTINATION "${pkgconfig_dir}"
    COMPONENT gregor)
install(
    FILES "${PROJECT_SOURCE_DIR}/LICENSE"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/gregor"
    COMPONENT gregor)
