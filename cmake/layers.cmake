# The rooms of the house and the walls between them. A room is a folder of src/, "engine/math" one in a folder of rooms. Its headers are
# included as "<room>/file.hpp". A target gets one include path for each room that it may use, and no other: walls/public/<room> holds links
# to that room's PUBLIC headers only, walls/whole/<room> is the whole folder and is seen by the room itself (and by its unit tests).

set(CEREBRO_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers)
if(NOT CEREBRO_WARNINGS_ARE_ERRORS)
  list(REMOVE_ITEM CEREBRO_WARNINGS -Werror)
endif()
# design: square roots vectorise (no errno), products and sums are never fused behind our back, no fast-math anywhere.
set(CEREBRO_ARITHMETIC -fno-math-errno -ffp-contract=off)

# Functions of elements have the processor's bits: nothing is fused, denormal numbers count as zero, roots and quotients are rounded right.
set(CEREBRO_CUDA_OPTIONS -std=c++17 -O3 --expt-relaxed-constexpr -ftz=true -fmad=false -prec-div=true -prec-sqrt=true -Xcompiler
  -fPIC,-fvisibility=hidden,-ffp-contract=off)

# cerebro_room_id(<variable> <room>): the room's name as part of a target's: engine/math -> engine_math.
function(cerebro_room_id variable room)
  string(REPLACE "/" "_" id ${room})
  set(${variable} ${id} PARENT_SCOPE)
endfunction()

function(cerebro_wall room)
  cerebro_room_id(id ${room})
  get_filename_component(above ${room} DIRECTORY)
  set(whole ${CMAKE_BINARY_DIR}/walls/whole/${id})
  file(MAKE_DIRECTORY ${whole}/${above})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${room} ${whole}/${room} SYMBOLIC)
  set(public ${CMAKE_BINARY_DIR}/walls/public/${id})
  file(REMOVE_RECURSE ${public})
  file(MAKE_DIRECTORY ${public}/${room})
  foreach(pattern ${ARGN})
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/${pattern})
    if(NOT headers)
      message(FATAL_ERROR "room ${room} has no header ${pattern}")
    endif()
    foreach(header ${headers})
      file(RELATIVE_PATH file ${CMAKE_SOURCE_DIR}/src/${room} ${header})
      get_filename_component(folder ${file} DIRECTORY)
      file(MAKE_DIRECTORY ${public}/${room}/${folder})
      file(CREATE_LINK ${header} ${public}/${room}/${file} SYMBOLIC)
    endforeach()
  endforeach()
endfunction()

# cerebro_use(<target> <room>...): the rooms' public headers and their libraries.
function(cerebro_use target)
  foreach(room ${ARGN})
    cerebro_room_id(id ${room})
    target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/walls/public/${id})
    target_link_libraries(${target} PRIVATE cerebro_${id})
  endforeach()
endfunction()

# Headers of the standard library are parsed once for all rooms of a build with unit tests by GCC. Other builds, those of packages, show an
# include that is missing.
set(CEREBRO_STANDARD_HEADERS <algorithm> <cmath> <cstdint> <cstring> <functional> <map> <memory> <optional> <set> <string> <string_view> <utility> <vector>)

# cerebro_precompile(<header>... FOR <target>...): of targets that are compiled by one standard at one level of optimisation (cerebro_optimize),
# the first makes the precompiled headers for all. GCC refuses those that were made with other settings; before version 13 levels are none of them.
function(cerebro_precompile)
  cmake_parse_arguments(ARG "" "" "FOR" ${ARGN})
  if(NOT CEREBRO_TESTS STREQUAL "ON" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  foreach(target ${ARG_FOR})
    get_target_property(standard ${target} CXX_STANDARD)
    get_target_property(level ${target} CEREBRO_LEVEL)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      set(level "")
    endif()
    set(first "first${standard}${level}")
    if(DEFINED ${first})
      target_precompile_headers(${target} REUSE_FROM ${${first}})
    else()
      target_precompile_headers(${target} PRIVATE ${ARG_UNPARSED_ARGUMENTS})
      set(${first} ${target})
    endif()
  endforeach()
endfunction()

# cerebro_layer(<room> [USES <room>...] PUBLIC <header or pattern>...): a static library cerebro_<room> of all .cpp files in src/<room> and in
# its folders. PUBLIC names the headers that rooms above may include.
function(cerebro_layer room)
  cmake_parse_arguments(ARG "" "" "USES;PUBLIC" ${ARGN})
  cerebro_room_id(id ${room})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cpp)
  add_library(cerebro_${id} STATIC ${sources})
  cerebro_wall(${room} ${ARG_PUBLIC})
  target_include_directories(cerebro_${id} PRIVATE ${CMAKE_BINARY_DIR}/walls/whole/${id})
  target_compile_options(cerebro_${id} PRIVATE ${CEREBRO_WARNINGS} ${CEREBRO_ARITHMETIC})
  set_property(GLOBAL APPEND PROPERTY CEREBRO_ROOMS cerebro_${id})
  cerebro_use(cerebro_${id} ${ARG_USES})
endfunction()

# cerebro_optimize(<level> <room>...): for GCC, a lower level than Release's -O3, which most of the time of compiling goes into. -O1 is for rooms
# whose time is that of the statements that they execute. What GCC sees of such errors depends on the level: they are warnings only.
function(cerebro_optimize level)
  if(CEREBRO_SANITIZE OR CEREBRO_SANITIZE_SERVER OR NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  foreach(room ${ARGN})
    set_target_properties(cerebro_${room} PROPERTIES CEREBRO_LEVEL ${level})
    target_compile_options(cerebro_${room} PRIVATE ${level} -Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=array-bounds
      -Wno-error=stringop-overflow)
  endforeach()
endfunction()

# Generates C++ from src/<name>/*.proto and links the distribution's Protobuf.
function(cerebro_protobuf name)
  find_package(Protobuf REQUIRED)
  file(GLOB protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.proto)
  set(out ${CMAKE_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${out})
  foreach(proto ${protos})
    get_filename_component(stem ${proto} NAME_WE)
    add_custom_command(
      OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=${out} -I ${CMAKE_SOURCE_DIR}/src/${name} ${proto}
      DEPENDS ${proto} VERBATIM)
    target_sources(cerebro_${name} PRIVATE ${out}/${stem}.pb.cc)
    set_source_files_properties(${out}/${stem}.pb.cc PROPERTIES COMPILE_OPTIONS "-w")
  endforeach()
  target_include_directories(cerebro_${name} SYSTEM PRIVATE ${out} ${Protobuf_INCLUDE_DIRS})
  target_link_libraries(cerebro_${name} PRIVATE protobuf::libprotobuf-lite)
endfunction()

# cerebro_loops(<room> <file or pattern>...): vector code in every build type but that of the sanitizers, which would take
# minutes for it. no-trapping-math changes no value: it lets both sides of a choice be computed, which a vector does (traps
# are masked anyway).
function(cerebro_loops room)
  list(TRANSFORM ARGN PREPEND ${CMAKE_SOURCE_DIR}/src/${room}/)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  set(level -O3)
  if(CEREBRO_SANITIZE OR CEREBRO_SANITIZE_SERVER)
    set(level -O1)
  endif()
  set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${level};-fno-trapping-math")
endfunction()

# What includes LibTorch's headers is compiled by the standard that they were written for, if it is newer than ours.
function(cerebro_torch_standard target)
  get_target_property(standard torch CXX_STANDARD)
  if(standard AND standard GREATER CMAKE_CXX_STANDARD AND NOT standard EQUAL 98)
    set_target_properties(${target} PROPERTIES CXX_STANDARD ${standard})
  endif()
endfunction()

# LibTorch: headers as SYSTEM. The files are compiled in two halves: LibTorch's headers take nine seconds, and precompiled they are 300 MB, which
# take two.
function(cerebro_torch room)
  find_package(Torch REQUIRED)
  cerebro_room_id(id ${room})
  target_include_directories(cerebro_${id} SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(cerebro_${id} PRIVATE ${TORCH_LIBRARIES})
  # GCC 14 finds a variant of LibTorch's own operators uninitialised, where their copies are inlined here
  target_compile_options(cerebro_${id} PRIVATE -Wno-deprecated-declarations
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  cerebro_torch_standard(cerebro_${id})
  set_target_properties(cerebro_${id} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16 DISABLE_PRECOMPILE_HEADERS ON)
  if(TARGET c10_cuda)
    target_compile_definitions(cerebro_${id} PRIVATE CEREBRO_CUDA)
  endif()
  # what the rest of the program needs to know of it without loading it; the numbers stand in a header of their own from 2.9 on
  find_file(torch_version_header NAMES torch/headeronly/version.h torch/version.h PATHS ${TORCH_INCLUDE_DIRS} NO_DEFAULT_PATH NO_CACHE
    REQUIRED)
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS ${torch_version_header} line REGEX "^#define TORCH_VERSION_${part} ")
    string(REGEX REPLACE ".* " "" number "${line}")
    if(NOT number MATCHES "^[0-9]+$")
      message(FATAL_ERROR "${torch_version_header} does not say TORCH_VERSION_${part}")
    endif()
    list(APPEND numbers ${number})
  endforeach()
  list(JOIN numbers "." version)
  set(CEREBRO_TORCH_VERSION ${version} CACHE INTERNAL "LibTorch's version")
endfunction()

# cerebro_door(<inner room> <outer room> <shared room>...): pg_cerebro_torch.so, the library of the inner room, which the outer one opens
# (engine/core/autograd_library.hpp). Both sides are told a digest of the headers of the rooms that they share.
function(cerebro_door inner outer)
  set(digests "")
  foreach(room ${ARGN})
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.hpp)
    foreach(header ${headers})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
      file(SHA256 ${header} digest)
      string(APPEND digests ${digest})
    endforeach()
  endforeach()
  string(SHA256 interface "${digests}")
  cerebro_room_id(inner_id ${inner})
  cerebro_room_id(outer_id ${outer})
  target_compile_definitions(cerebro_${inner_id} PRIVATE CEREBRO_ENGINE_INTERFACE="${interface}")
  set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/${outer}/autograd_library.cpp APPEND PROPERTY COMPILE_DEFINITIONS CEREBRO_ENGINE_INTERFACE="${interface}")
  set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/${outer}/runtime.cpp
    APPEND PROPERTY COMPILE_DEFINITIONS CEREBRO_TORCH_VERSION="${CEREBRO_TORCH_VERSION}")
  add_library(pg_cerebro_torch MODULE $<TARGET_OBJECTS:cerebro_${inner_id}>)
  set_target_properties(pg_cerebro_torch PROPERTIES PREFIX "" LINKER_LANGUAGE CXX BUILD_WITH_INSTALL_RPATH ON)
  cerebro_use(pg_cerebro_torch ${inner})
  target_link_options(pg_cerebro_torch PRIVATE -Wl,--exclude-libs,ALL)
  cerebro_install_directories()
  install(TARGETS pg_cerebro_torch LIBRARY DESTINATION ${CEREBRO_LIBRARY_DIRECTORY})
endfunction()

# CEREBRO_LIBRARY_DIRECTORY and CEREBRO_EXTENSION_DIRECTORY: the server's own, or below CEREBRO_PREFIX. PostgreSQL 18 finds the latter by its
# settings dynamic_library_path (<prefix>/lib) and extension_control_path (<prefix>/share).
function(cerebro_install_directories)
  set(libraries ${CEREBRO_PG_pkglibdir})
  set(extension ${CEREBRO_PG_sharedir}/extension)
  if(CEREBRO_PREFIX)
    set(libraries ${CEREBRO_PREFIX}/lib)
    set(extension ${CEREBRO_PREFIX}/share/extension)
  endif()
  set(CEREBRO_LIBRARY_DIRECTORY ${libraries} PARENT_SCOPE)
  set(CEREBRO_EXTENSION_DIRECTORY ${extension} PARENT_SCOPE)
endfunction()

# cerebro_cuda(<room>): with CEREBRO_CUDA, pg_cerebro_cuda.so: the room's kernels and its backend for CUDA, which the room opens by itself.
# Both sides are told a digest of the headers that they share: the room's, those of engine/math, whose types are in them, and the errors that
# one side throws and the other catches. CUDA's runtime is linked in; the driver is found at run time.
function(cerebro_cuda room)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.hpp ${CMAKE_SOURCE_DIR}/src/${room}/*.inc
       ${CMAKE_SOURCE_DIR}/src/engine/math/*.hpp)
  list(APPEND headers ${CMAKE_SOURCE_DIR}/src/base/error.hpp)
  set(digests "")
  foreach(header ${headers})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
    file(SHA256 ${header} digest)
    string(APPEND digests ${digest})
  endforeach()
  string(SHA256 interface "${digests}")
  set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/${room}/device.cpp APPEND PROPERTY COMPILE_DEFINITIONS CEREBRO_DEVICE_INTERFACE="${interface}")
  if(NOT CEREBRO_CUDA)
    return()
  endif()
  find_program(CEREBRO_NVCC nvcc HINTS /usr/local/cuda/bin REQUIRED)
  if(NOT CEREBRO_CUDA_ARCHITECTURES)
    set(CEREBRO_CUDA_ARCHITECTURES 80 90 CACHE STRING "GPUs that pg_cerebro_cuda.so has code for")
  endif()
  set(targets "")
  foreach(architecture ${CEREBRO_CUDA_ARCHITECTURES})
    list(APPEND targets -gencode arch=compute_${architecture},code=[sm_${architecture},compute_${architecture}])
  endforeach()
  set(library ${CMAKE_BINARY_DIR}/pg_cerebro_cuda.so)
  add_custom_command(
    OUTPUT ${library}
    COMMAND ${CEREBRO_NVCC} ${CEREBRO_CUDA_OPTIONS} ${targets} -shared -cudart static -DCEREBRO_DEVICE_INTERFACE="${interface}" -I ${CMAKE_SOURCE_DIR}/src
            ${CMAKE_SOURCE_DIR}/src/${room}/cuda/backend.cu -o ${library}
    DEPENDS ${headers} ${CMAKE_SOURCE_DIR}/src/${room}/cuda/backend.cu VERBATIM)
  add_custom_target(pg_cerebro_cuda ALL DEPENDS ${library})
endfunction()

# The server's headers, through pg_config (-DPG_CONFIG=path chooses the server).
function(cerebro_postgres name)
  if(NOT CEREBRO_PG_INCLUDE)
    find_program(PG_CONFIG pg_config REQUIRED)
    foreach(what includedir-server pkglibdir sharedir bindir version)
      execute_process(COMMAND ${PG_CONFIG} --${what} OUTPUT_VARIABLE value OUTPUT_STRIP_TRAILING_WHITESPACE)
      string(REPLACE "-" "_" key ${what})
      set(CEREBRO_PG_${key} ${value} CACHE INTERNAL "pg_config --${what}")
    endforeach()
    set(CEREBRO_PG_INCLUDE ${CEREBRO_PG_includedir_server} CACHE INTERNAL "server headers")
    file(STRINGS ${CEREBRO_PG_INCLUDE}/pg_config.h greenplum REGEX "^#define GP_VERSION_NUM ")
    if(greenplum)
      set(CEREBRO_GREENPLUM ON CACHE INTERNAL "the server is a Greenplum")
    endif()
    message(STATUS "server: ${CEREBRO_PG_version} (${PG_CONFIG}) ${greenplum}")
  endif()
  target_include_directories(cerebro_${name} SYSTEM PRIVATE ${CEREBRO_PG_INCLUDE})
  target_compile_definitions(cerebro_${name} PRIVATE _GNU_SOURCE)
endfunction()

# cerebro_install_script(<extension> <folder of parts> [WITHIN <template>]): the install script of the parts in order of their names. A template
# has the line "@PARTS@", where the parts go.
function(cerebro_install_script name folder)
  cmake_parse_arguments(ARG "" "WITHIN" "" ${ARGN})
  # *.greenplum.sql are for segments only, *.postgresql.sql for servers that have procedures
  file(GLOB parts CONFIGURE_DEPENDS ${folder}/*.sql)
  if(NOT CEREBRO_GREENPLUM)
    list(FILTER parts EXCLUDE REGEX "\\.greenplum\\.sql$")
  else()
    list(FILTER parts EXCLUDE REGEX "\\.postgresql\\.sql$")
  endif()
  list(SORT parts)
  set(script ${CMAKE_BINARY_DIR}/${name}--${PROJECT_VERSION}.sql)
  add_custom_command(
    OUTPUT ${script}
    COMMAND ${CMAKE_COMMAND} "-DPARTS=${parts}" "-DWITHIN=${ARG_WITHIN}" -DOUT=${script} "-DSERVER=${CEREBRO_PG_version}"
      -P ${CMAKE_SOURCE_DIR}/cmake/install_script.cmake
    DEPENDS ${parts} ${ARG_WITHIN} ${CMAKE_SOURCE_DIR}/cmake/install_script.cmake VERBATIM)
  add_custom_target(${name}_script ALL DEPENDS ${script})
endfunction()

# cerebro_script(<file> <part>...): a script of the parts, in words that the server takes.
function(cerebro_script out)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} "-DPARTS=${ARGN}" -DOUT=${out} "-DSERVER=${CEREBRO_PG_version}" -P ${CMAKE_SOURCE_DIR}/cmake/install_script.cmake
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/install_script.cmake VERBATIM)
endfunction()

# cerebro_updates(<install script>): the frozen scripts of released versions, and what brings a database from the last of them to this version.
# Between released versions the update scripts are frozen, too: extension/pg_cerebro--<old>--<new>.sql. Sets updates to these files.
function(cerebro_updates script)
  set(platform "")
  if(CEREBRO_GREENPLUM)
    set(platform .greenplum)
  endif()
  set(all "")
  set(folder ${CMAKE_SOURCE_DIR}/extension)
  foreach(version ${CEREBRO_RELEASED_VERSIONS})
    set(frozen ${CMAKE_BINARY_DIR}/pg_cerebro--${version}.sql)
    cerebro_script(${frozen} ${folder}/pg_cerebro--${version}${platform}.sql)
    list(APPEND all ${frozen})
    if(last)
      cerebro_script(${CMAKE_BINARY_DIR}/pg_cerebro--${last}--${version}.sql ${folder}/pg_cerebro--${last}--${version}${platform}.sql)
      list(APPEND all ${CMAKE_BINARY_DIR}/pg_cerebro--${last}--${version}.sql)
    endif()
    set(last ${version})
  endforeach()
  find_program(PERL perl REQUIRED)
  set(update ${CMAKE_BINARY_DIR}/pg_cerebro--${last}--${PROJECT_VERSION}.sql)
  set(by_hand ${folder}/updates/${last}--${PROJECT_VERSION}${platform}.sql)
  add_custom_command(
    OUTPUT ${update}
    COMMAND ${PERL} ${folder}/make_update ${frozen} ${script} ${by_hand} > ${update}.new
    COMMAND ${CMAKE_COMMAND} -E rename ${update}.new ${update}
    DEPENDS ${frozen} ${script} ${folder}/make_update ${folder}/Statements.pm ${by_hand} VERBATIM)
  list(APPEND all ${update})
  add_custom_target(pg_cerebro_updates ALL DEPENDS ${all})
  add_dependencies(pg_cerebro_updates pg_cerebro_script)
  set(updates ${all} PARENT_SCOPE)
endfunction()

# The module, the control files and the install scripts of both extensions.
function(cerebro_extension)
  add_library(pg_cerebro MODULE $<TARGET_OBJECTS:cerebro_entry>)
  set_target_properties(pg_cerebro PROPERTIES PREFIX "" OUTPUT_NAME pg_cerebro LINKER_LANGUAGE CXX)
  cerebro_use(pg_cerebro run)
  # the build id tells a segment's library from the coordinator's (pg/library.cpp)
  target_link_options(pg_cerebro PRIVATE -Wl,--exclude-libs,ALL -Wl,--build-id=sha1)
  set_target_properties(pg_cerebro PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN")
  add_dependencies(pg_cerebro pg_cerebro_torch)

  cerebro_install_script(pg_cerebro ${CMAKE_SOURCE_DIR}/extension/parts)
  cerebro_install_script(pg_cerebro_madlib ${CMAKE_SOURCE_DIR}/extension/madlib WITHIN ${CMAKE_SOURCE_DIR}/extension/madlib/install.sql.in)
  cerebro_updates(${CMAKE_BINARY_DIR}/pg_cerebro--${PROJECT_VERSION}.sql)
  # trusted extensions came with PostgreSQL 13; an older server refuses the word
  string(REGEX MATCH "[0-9]+" major "${CEREBRO_PG_version}")
  if(major GREATER_EQUAL 13)
    set(CEREBRO_TRUSTED "trusted = true")
  endif()
  # The functions of a version name a file of that version, which is a link: see docs/architecture.md, "Versions side by side".
  set(CEREBRO_LIBRARY_NAME pg_cerebro-${PROJECT_VERSION})
  foreach(version ${CEREBRO_LINKED_VERSIONS} ${PROJECT_VERSION})
    file(CREATE_LINK pg_cerebro.so ${CMAKE_BINARY_DIR}/pg_cerebro-${version}.so SYMBOLIC)
    list(APPEND links ${CMAKE_BINARY_DIR}/pg_cerebro-${version}.so)
  endforeach()
  configure_file(${CMAKE_SOURCE_DIR}/extension/pg_cerebro.control.in ${CMAKE_BINARY_DIR}/pg_cerebro.control @ONLY)
  configure_file(${CMAKE_SOURCE_DIR}/extension/madlib/pg_cerebro_madlib.control.in ${CMAKE_BINARY_DIR}/pg_cerebro_madlib.control @ONLY)

  cerebro_install_directories()
  install(TARGETS pg_cerebro LIBRARY DESTINATION ${CEREBRO_LIBRARY_DIRECTORY})
  install(FILES ${links} DESTINATION ${CEREBRO_LIBRARY_DIRECTORY})
  foreach(name pg_cerebro pg_cerebro_madlib)
    install(FILES ${CMAKE_BINARY_DIR}/${name}--${PROJECT_VERSION}.sql ${CMAKE_BINARY_DIR}/${name}.control
      DESTINATION ${CEREBRO_EXTENSION_DIRECTORY})
  endforeach()
  install(FILES ${updates} DESTINATION ${CEREBRO_EXTENSION_DIRECTORY})
  if(TARGET pg_cerebro_cuda)
    install(PROGRAMS ${CMAKE_BINARY_DIR}/pg_cerebro_cuda.so DESTINATION ${CEREBRO_LIBRARY_DIRECTORY})
  else()  # that of an earlier build would be opened, and refused
    install(CODE "file(REMOVE \"\$ENV{DESTDIR}${CEREBRO_LIBRARY_DIRECTORY}/pg_cerebro_cuda.so\")")
  endif()
endfunction()
