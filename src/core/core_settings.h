/* Whether the servers are set as the promises need it; one worker a host looks. */

#ifndef _BB_CORE_SETTINGS_H_INCLUDED_
#define _BB_CORE_SETTINGS_H_INCLUDED_


#include "core/core_worker.h"


/*
 * Looks at the start and after each new connection to one of the servers, and
 * warns of what is wrong, each time it is another thing.  NULL: out of memory.
 */
bb_settings_t *bb_settings_create(bb_worker_t *worker);

/* The clients are gone by now, and so are the calls. */
void bb_settings_destroy(bb_settings_t *settings);


#endif /* _BB_CORE_SETTINGS_H_INCLUDED_ */
