/* The phone numbers of who asked, which the messages of answers wait for. */

#ifndef _BB_QUESTION_PHONE_H_INCLUDED_
#define _BB_QUESTION_PHONE_H_INCLUDED_


#include "core/core_worker.h"


/*
 * Begins to look for messages that lack a phone number; conf->phone_location is
 * set.  NULL: out of memory, or a statement is missing, logged.
 */
bb_question_phone_t *bb_question_phone_create(bb_worker_t *worker);

/* While the PostgreSQL clients are still there. */
void bb_question_phone_destroy(bb_question_phone_t *phone);


#endif /* _BB_QUESTION_PHONE_H_INCLUDED_ */
