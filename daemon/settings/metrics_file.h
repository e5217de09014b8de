/* settings/metrics_file.h - the files that declare metrics. */
#ifndef TOCSIN_SETTINGS_METRICS_FILE_H
#define TOCSIN_SETTINGS_METRICS_FILE_H

#include "settings/file_list.h"

/* Fills ld->s->metrics. A metric with an error is there, too, so that what refers to it is not
 * reported as well. */
void metrics_file_read(struct load *ld, const struct file_list *files);

#endif
