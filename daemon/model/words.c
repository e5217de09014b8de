/* model/words.c - see words.h. */
#include "model/words.h"

#include <string.h>

#define WORD(name, word) word,
#define WORD_LIST(LIST, object)                                                                    \
    static const char *const object##_words[] = { LIST(WORD) };                                    \
    const struct word_list object = { object##_words,                                              \
                                      sizeof object##_words / sizeof object##_words[0] }

WORD_LIST(SIGNAL_CLASSES, WORDS_SIGNAL_CLASS);
WORD_LIST(SEVERITIES, WORDS_SEVERITY);
WORD_LIST(ALARM_STATES, WORDS_ALARM_STATE);
WORD_LIST(ALARM_TRANSITIONS, WORDS_ALARM_TRANSITION);
WORD_LIST(TASK_STATES, WORDS_TASK_STATE);
WORD_LIST(TASK_EVENTS, WORDS_TASK_EVENT);
WORD_LIST(HAZARD_LEVELS, WORDS_HAZARD_LEVEL);
WORD_LIST(PARTY_KINDS, WORDS_PARTY_KIND);
WORD_LIST(COMMAND_KINDS, WORDS_COMMAND_KIND);
WORD_LIST(UNIT_KINDS, WORDS_UNIT_KIND);

const char *word_of(const struct word_list *list, int value)
{
    return value >= 0 && (unsigned)value < list->count ? list->words[value] : "?";
}

int word_find(const struct word_list *list, const char *word)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (strcmp(list->words[i], word) == 0)
            return (int)i;
    }
    return TCN_ENOENT;
}
