/* What commits name: links.py, `COMMIT_LINKS`. */

#include "native.h"

/* Digits of a date, at the most. */
#define LONGEST_DATE 18

/* Whether a text begins so; it is passed over then. */
static int
passes(const uint8_t **at, const uint8_t *end, const char *word, Py_ssize_t length)
{
    int begins = end - *at >= length && !memcmp(*at, word, length);
    *at += begins ? length : 0;
    return begins;
}

static int
digit_of(uint8_t digit)
{
    return '0' <= digit && digit <= '9' ? digit - '0' : 'a' <= digit && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Read an id in hex with a line end behind it, and pass it over. */
static int
read_id(const uint8_t **at, const uint8_t *end, uint8_t *oid, Py_ssize_t oid_size)
{
    if (end - *at <= 2 * oid_size || (*at)[2 * oid_size] != '\n') {
        return 0;
    }
    for (Py_ssize_t byte = 0; byte < oid_size; byte++) {
        int high = digit_of((*at)[2 * byte]), low = digit_of((*at)[2 * byte + 1]);
        if (high < 0 || low < 0) {
            return 0;
        }
        oid[byte] = (uint8_t)(high << 4 | low);
    }
    *at += 2 * oid_size + 1;
    return 1;
}

/* The date behind a `>`, with a space on either side; -1 where there is none. */
static int64_t
date_behind(const uint8_t *at, const uint8_t *end)
{
    int64_t date = 0;
    int digits = 0;
    if (!passes(&at, end, " ", 1)) {
        return -1;
    }
    for (; at < end && '0' <= *at && *at <= '9' && digits < LONGEST_DATE; at++, digits++) {
        date = 10 * date + (*at - '0');
    }
    return digits && at < end && *at == ' ' ? date : -1;
}

/* The date of the committer, whose line comes behind that of the author; 0 where there is none. */
static int64_t
read_date(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *line_end = passes(&at, end, "author ", 7) ? memchr(at, '\n', end - at) : NULL;
    if (!line_end) {
        return 0;
    }
    at = line_end + 1;
    if (!passes(&at, end, "committer ", 10)) {
        return 0;
    }
    line_end = memchr(at, '\n', end - at);
    end = line_end ? line_end : end;
    for (const uint8_t *last = end - 1; last >= at; last--) {
        int64_t date = *last == '>' ? date_behind(last + 1, end) : -1;
        if (date >= 0) {
            return date;
        }
    }
    return 0;
}

/* Read a commit: its date, and its tree and parents into `ids`, which has room for all that fits into it. Gives how many
   parents there are; -1 where it is no commit. */
static Py_ssize_t
read_commit(const uint8_t *at, const uint8_t *end, Py_ssize_t oid_size, uint8_t *ids, int64_t *date)
{
    Py_ssize_t parents = 0;
    if (!passes(&at, end, "tree ", 5) || !read_id(&at, end, ids, oid_size)) {
        return -1;
    }
    while (passes(&at, end, "parent ", 7)) {
        parents++;
        if (!read_id(&at, end, ids + parents * oid_size, oid_size)) {
            return -1;
        }
    }
    if (passes(&at, end, "parent", 6)) {
        return -1;
    }
    *date = read_date(at, end);
    return parents;
}

/* read_commits(text, ends, oid_size): of the commits that end at `ends` of a text, with a byte between each two, date and
   number of parents, of eight bytes each, and the raw ids of tree and parents of all. None where one is no commit. */
PyObject *
read_commits(PyObject *Py_UNUSED(module), PyObject *args)
{
    Contents commits;
    Py_ssize_t oid_size;
    if (!PyArg_ParseTuple(args, "y*y*n", &commits.text, &commits.ends, &oid_size)) {
        return NULL;
    }
    Py_ssize_t count = contents_count(&commits), used = 0;
    int64_t *rows = PyMem_Malloc(2 * commits.ends.len + 1);
    /* An id takes more than twice as many bytes in hex as raw. */
    uint8_t *ids = PyMem_Malloc(commits.text.len / 2 + 1);
    Outcome outcome = DONE;
    if (!rows || !ids) {
        PyErr_NoMemory();
        outcome = FAILED;
    }
    if (oid_size < 1) {
        PyErr_SetString(PyExc_ValueError, "an id has a size");
        outcome = FAILED;
    }
    for (Py_ssize_t commit = 0; outcome == DONE && commit < count; commit++) {
        const uint8_t *begin, *end;
        if (!contents_at(&commits, commit, &begin, &end)) {
            outcome = FAILED;
            break;
        }
        Py_ssize_t parents = read_commit(begin, end, oid_size, ids + used, &rows[2 * commit]);
        rows[2 * commit + 1] = parents;
        used += (parents + 1) * oid_size;
        outcome = parents < 0 ? LEFT : DONE;
    }
    PyObject *result = outcome == LEFT ? Py_NewRef(Py_None) : NULL;
    if (outcome == DONE) {
        result = Py_BuildValue(
            "y#y#", (const char *)rows, (Py_ssize_t)(2 * count * sizeof(int64_t)), (const char *)ids, used);
    }
    PyMem_Free(rows);
    PyMem_Free(ids);
    contents_release(&commits);
    return result;
}
