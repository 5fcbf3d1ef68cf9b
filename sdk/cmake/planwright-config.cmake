include(${CMAKE_CURRENT_LIST_DIR}/planwright-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PlanwrightAddPlugin.cmake)
