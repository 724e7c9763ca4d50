#pragma once
#include <sqlite3.h>

/* Swift cannot call variadic functions. Defensive: SQL in a hostile file cannot touch the file's own structure. */
static inline int semblance_sqlite_defend(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}
