# The target "dist": archives of the commit that is checked out, for PGXN (.zip) and for packagers (.tar.gz). Of one
# commit they have the same bytes on every machine with the same git.
find_program(GIT git)
if(GIT)
  set(CEREBRO_DIST pg_cerebro-${PROJECT_VERSION})
  add_custom_target(dist
    COMMAND ${GIT} -C ${CMAKE_SOURCE_DIR} archive --format=zip --prefix=${CEREBRO_DIST}/
      --output=${CMAKE_BINARY_DIR}/${CEREBRO_DIST}.zip HEAD
    COMMAND ${GIT} -C ${CMAKE_SOURCE_DIR} archive --format=tar.gz --prefix=${CEREBRO_DIST}/
      --output=${CMAKE_BINARY_DIR}/${CEREBRO_DIST}.tar.gz HEAD
    COMMENT "${CEREBRO_DIST}.zip and .tar.gz of HEAD in ${CMAKE_BINARY_DIR}" VERBATIM)
endif()
