/* sqs: an Amazon SQS queue as the queue port (AWS JSON 1.0; Amazon SQS API Reference). */
#ifndef PARE_SQS_H
#define PARE_SQS_H

#include "pare/aws.h"
#include "pare/port.h"

/* queue_url as AWS shows it: https://sqs.eu-west-1.amazonaws.com/111122223333/pare-events. Requests go
 * to the endpoint of the queue's region (or to AWS_ENDPOINT_URL_SQS), the URL in them; for the URL
 * of an endpoint that is not AWS's the region is `region`, and an endpoint must be configured: what
 * signs is never sent to wherever a URL points. ERR_USAGE for what is no queue's URL. */
bool sqs_open(struct arena *a, const char *queue_url, const char *region,
	      struct credential_chain *credentials, const struct clock_port *clock,
	      struct queue_port *out, struct err *e);

/* --- the pieces, for tests --- */

/* The region in the URL; *region NULL when it is not a queue of AWS's. */
bool sqs_region(struct arena *a, const char *queue_url, const char **region, struct err *e);
/* false, with *e, when the answer is an error or none of SQS's. */
bool sqs_messages(struct arena *a, long status, const char *error_type, const char *body, size_t len,
		  struct queue_message **out, size_t *count, struct err *e);

#endif
