/* Answers to questions. */

#ifndef _BB_QUESTION_FACADE_H_INCLUDED_
#define _BB_QUESTION_FACADE_H_INCLUDED_


#include "core/core_req.h"


/* Q3 */
void bb_question_answer_handler(bb_req_t *req);


#endif /* _BB_QUESTION_FACADE_H_INCLUDED_ */
