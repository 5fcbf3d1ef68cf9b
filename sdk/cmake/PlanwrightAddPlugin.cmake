# planwright_add_plugin(NAME MANIFEST plugin.json SOURCES a.cc... [SAMPLES folder]) makes NAME.so, loadable by planwright.
# Sources are C++ (with planwright/plugin.hpp) or C (with planwright/plugin.h).
#
# With find_package(planwright) and enable_testing() there is also the test NAME.check, which runs
# `planwright plugin check`; SAMPLES holds inputs that the plugin must take.
#
# Only planwright_module is exported, so two versions of a plugin, or two plugins with one class name, never
# see each other's symbols. The manifest is embedded in the section .planwright; changing it relinks.
function(planwright_add_plugin name)
  cmake_parse_arguments(arg "" "MANIFEST;SAMPLES" "SOURCES" ${ARGN})
  if(NOT arg_MANIFEST OR NOT arg_SOURCES)
    message(FATAL_ERROR "planwright_add_plugin(${name}): give MANIFEST and SOURCES")
  endif()
  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/planwright.map)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${name}_manifest.cc)
  if(NOT arg_SOURCES MATCHES "[.](cc|cpp|cxx)(;|$)")
    set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${name}_manifest.c)  # a plugin in C needs no C++ library
  endif()
  if(DEFINED PLANWRIGHT_RAPIDJSON_INCLUDE_DIR AND NOT PLANWRIGHT_RAPIDJSON_INCLUDE_DIR
     AND arg_SOURCES MATCHES "[.](cc|cpp|cxx)(;|$)")
    message(FATAL_ERROR "planwright_add_plugin(${name}): planwright/plugin.hpp needs RapidJSON, which was not found: "
      "install it (Debian: rapidjson-dev) or set PLANWRIGHT_RAPIDJSON_INCLUDE_DIR")
  endif()
  get_filename_component(manifest ${arg_MANIFEST} ABSOLUTE)
  file(CONFIGURE OUTPUT ${embedded} CONTENT
"__asm__(\".pushsection .planwright,\\\"\\\",%progbits\\n.incbin \\\"@manifest@\\\"\\n.popsection\\n\");\n" @ONLY)
  # By itself also where all else is one file, which would not know what it depends on.
  set_source_files_properties(${embedded} PROPERTIES OBJECT_DEPENDS ${manifest} SKIP_UNITY_BUILD_INCLUSION ON)

  add_library(${name} MODULE ${arg_SOURCES} ${embedded})
  target_link_libraries(${name} PRIVATE planwright::sdk)
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${map})
  if(CXX IN_LIST languages)
    target_compile_features(${name} PRIVATE cxx_std_20)
  endif()
  target_compile_options(${name} PRIVATE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${map} -Wl,-z,now,-z,relro -Wl,--build-id)
  # A sanitizer's runtime may live in the program alone, so its symbols are undefined here.
  if(NOT PLANWRIGHT_SANITIZE AND NOT "${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  if(NOT TARGET planwright_plugins)
    add_custom_target(planwright_plugins)  # all of them, for what runs with them
  endif()
  add_dependencies(planwright_plugins ${name})
  planwright_add_check(${name} "${arg_SAMPLES}")
endfunction()

# The test NAME.check; none where planwright itself is built, which checks its plugins by other tests.
function(planwright_add_check name samples)
  if(NOT PLANWRIGHT_EXECUTABLE)
    return()
  endif()
  set(command ${PLANWRIGHT_EXECUTABLE} plugin check $<TARGET_FILE:${name}>)
  if(samples)
    get_filename_component(samples ${samples} ABSOLUTE)
    list(APPEND command --input ${samples})
  endif()
  add_test(NAME ${name}.check COMMAND ${command})
endfunction()
