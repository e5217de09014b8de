#define _GNU_SOURCE
#include "settings/file_list.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/text.h"
#include "settings/schema.h"

void file_list_done(struct file_list *l)
{
    free(l->files);
    *l = (struct file_list){ 0 };
}

static void take_file(struct load *ld, struct file_list *l, const char *path,
                      const struct yaml_node *node)
{
    struct stat st;

    /* The same file by another name is found before it is read, so that it counts only once. */
    if (stat(path, &st) == 0)
        for (size_t i = 0; i < l->count; i++)
            if (l->files[i]->device == st.st_dev && l->files[i]->inode == st.st_ino)
                return;
    if (l->count == LOAD_FILES_MAX) {
        load_error(ld, node->at, "more than %d files", LOAD_FILES_MAX);
        l->incomplete = true;
        return;
    }
    struct text_file *file = load_file(ld, path, node->at);
    if (file == NULL ||
        !load_grow(ld, (void **)&l->files, l->count, &l->capacity, sizeof *l->files)) {
        l->incomplete = true;
        return;
    }
    l->files[l->count++] = file;
}

static void escape(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("*?[]\\", *text) != NULL)
            buf_append(out, "\\", 1);
        buf_append(out, text, 1);
    }
}

/* The pattern as glob() wants it: only the name as configured may hold wildcards, not the folder
 * that the main file happens to stand in. */
static bool make_pattern(struct load *ld, const char *name, struct buf *out)
{
    if (name[0] != '/')
        escape(out, ld->dir);
    buf_text(out, name);
    if (out->failed)
        ld->no_memory = true;
    return !out->failed;
}

/* Does a text, or one of a list of texts, name that file? */
static bool names_file(struct load *ld, const struct yaml_node *node, const char *path,
                       const struct stat *st)
{
    const struct yaml_node *e = node->kind == YAML_LIST ? node->first : node;
    const struct yaml_node *end = node->kind == YAML_LIST ? NULL : node->next;
    struct stat other;

    for (; e != end; e = e->next) {
        if (e->kind != YAML_TEXT)
            continue;
        if (strpbrk(e->text, "*?[") != NULL) {
            const size_t dir_len = e->text[0] == '/' ? 0 : strlen(ld->dir);
            if (fnmatch(e->text, path + dir_len, FNM_PATHNAME | FNM_PERIOD) == 0)
                return true;
            continue;
        }
        const char *named = load_path(ld, e->text);
        if (named != NULL && stat(named, &other) == 0 && other.st_dev == st->st_dev &&
            other.st_ino == st->st_ino)
            return true;
    }
    return false;
}

/* A file that the main file names somewhere is not the one that a wrong name stands for, nor is
 * the main file itself. Names stand in the root and in its maps. */
static bool is_used(struct load *ld, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return true;
    if (ld->main->at.file->device == st.st_dev && ld->main->at.file->inode == st.st_ino)
        return true;
    for (const struct yaml_node *v = ld->main->first; v != NULL; v = v->next) {
        if (v->kind != YAML_MAP && names_file(ld, v, path, &st))
            return true;
        for (const struct yaml_node *e = v->kind == YAML_MAP ? v->first : NULL; e; e = e->next)
            if (e->kind != YAML_MAP && names_file(ld, e, path, &st))
                return true;
    }
    return false;
}

/* Offers a candidate, whose name stands behind dir_len; only one that would be the best so far is
 * looked at. */
static void try_unused(struct load *ld, struct tcn_nearest *nearest, const char *path,
                       size_t dir_len)
{
    const struct tcn_nearest before = *nearest;

    tcn_nearest_try(nearest, path + dir_len);
    if (nearest->best != before.best && is_used(ld, path))
        *nearest = before;
}

/* A file of the same folder with a similar name, for "did you mean": relative to the main file. */
static void report_absent(struct load *ld, const struct yaml_node *node, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t dir_len = slash == NULL ? 0 : (size_t)(slash + 1 - path);
    struct buf pattern = { 0 };
    glob_t found = { 0 };
    struct tcn_nearest nearest;
    char hint[LOAD_HINT_SIZE];

    char *dir = load_scratch(ld, dir_len + 1, 1);
    if (dir == NULL)
        return;
    memcpy(dir, path, dir_len);
    escape(&pattern, dir);
    buf_text(&pattern, "*");
    /* Folder and ending don't count for how much a slip may change: next to them any two names
     * would be alike. */
    tcn_nearest_init(&nearest, path + dir_len, strcspn(path + dir_len, "."));
    nearest.word_len = strlen(path + dir_len);
    if (!pattern.failed && glob(pattern.bytes, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            try_unused(ld, &nearest, found.gl_pathv[i], dir_len);
    const char *best = nearest.best;
    if (best != NULL) /* as the main file would write it */
        best -= node->text[0] == '/' ? dir_len : dir_len - strlen(ld->dir);
    load_error(ld, node->at, "there is no file %s%s", path, load_hint(best, hint));
    globfree(&found);
    buf_done(&pattern);
}

static void take_pattern(struct load *ld, struct file_list *l, const struct yaml_node *node)
{
    struct buf pattern = { 0 };
    glob_t found = { 0 };

    if (make_pattern(ld, node->text, &pattern)) {
        int rc = glob(pattern.bytes, 0, NULL, &found);
        if (rc == GLOB_NOSPACE)
            ld->no_memory = true;
        else if (rc != 0)
            load_error(ld, node->at, "no file matches %s", pattern.bytes);
        l->incomplete = l->incomplete || rc != 0;
        for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
            take_file(ld, l, found.gl_pathv[i], node);
    }
    globfree(&found);
    buf_done(&pattern);
}

void file_list_read(struct load *ld, const struct yaml_node *node, struct file_list *ret)
{
    for (const struct yaml_node *e = schema_each(ld, node); e != NULL; e = schema_next(ld, e)) {
        struct stat st;

        if (strpbrk(e->text, "*?[") != NULL) {
            take_pattern(ld, ret, e);
            continue;
        }
        const char *path = load_path(ld, e->text);
        if (path == NULL)
            return;
        if (stat(path, &st) < 0) {
            ret->incomplete = true;
            report_absent(ld, e, path);
        } else {
            take_file(ld, ret, path, e);
        }
    }
}
