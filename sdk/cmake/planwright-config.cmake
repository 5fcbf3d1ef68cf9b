# find_package(planwright 1 REQUIRED): the target planwright::sdk and planwright_add_plugin(). The version is the plugin
# ABI's, so a plugin made for 1.0 is built by every 1.x.
include(${CMAKE_CURRENT_LIST_DIR}/planwright-targets.cmake)
# The C++ layer reads and writes JSON with RapidJSON (headers only); the C interface needs nothing.
find_path(PLANWRIGHT_RAPIDJSON_INCLUDE_DIR rapidjson/document.h)
mark_as_advanced(PLANWRIGHT_RAPIDJSON_INCLUDE_DIR)
if(PLANWRIGHT_RAPIDJSON_INCLUDE_DIR)
  target_include_directories(planwright::sdk SYSTEM INTERFACE ${PLANWRIGHT_RAPIDJSON_INCLUDE_DIR})
endif()
# The program of the same prefix checks what is built.
find_program(PLANWRIGHT_EXECUTABLE planwright HINTS ${CMAKE_CURRENT_LIST_DIR}/../../../bin)
include(${CMAKE_CURRENT_LIST_DIR}/PlanwrightAddPlugin.cmake)
