/* Blobs that wait to be looked at together, and the text that is searched for all of them: of one that is mostly what
   another is, only what is new. */

#include "native.h"

/* In place of the number of a base in the batch: batch.py. */
enum { WHOLE = -1, APART = -2, NEWS = -3 };

/* A content of more bytes lies by itself, and is looked at by itself where all of it has to be. */
#define SMALL (1 << 14)

/* Bytes of text that stand for one content at the most, and parts that they are of. */
#define MOST_TEXT (1 << 18)
#define MOST_SPANS 4096

/* Bytes of blobs that are held until they are looked at, from which on they are. */
#define ENOUGH (1 << 21)

/* How much of a blob's beginning and end is looked through for a NUL: batch.py, `BEGINNING` and `ENDING`. */
#define BEGINNING 1024
#define ENDING 4096

struct Blob {
    Content content;
    int64_t place;
    /* Where what stands for it in the text ends. */
    Py_ssize_t end;
    int32_t base;
    uint8_t peek[3];
};

Outcome
blobs_room(Blobs *blobs)
{
    if (blobs->held > ENOUGH || blobs->text.used > blobs->together) {
        return LEFT;
    }
    if (blobs->count == blobs->capacity) {
        Py_ssize_t capacity = blobs->capacity ? 2 * blobs->capacity : 256;
        Blob *all = PyMem_Realloc(blobs->all, capacity * sizeof(Blob));
        if (!all) {
            PyErr_NoMemory();
            return FAILED;
        }
        blobs->all = all;
        blobs->capacity = capacity;
    }
    if (blobs->text.bytes) {
        return DONE;
    }
    return heap_begin(&blobs->text, blobs->together + MOST_TEXT + 1, 0) ? DONE : FAILED;
}

char *
blobs_memory(Blobs *blobs, Py_ssize_t size, PyObject **owner)
{
    if (size > SMALL) {
        *owner = PyBytes_FromStringAndSize(NULL, size);
        return *owner ? PyBytes_AsString(*owner) : NULL;
    }
    if (!heap_begin(&blobs->small, size, blobs->together)) {
        return NULL;
    }
    *owner = Py_NewRef(blobs->small.bytes);
    return heap_end(&blobs->small);
}

static void
write_text(Blobs *blobs, const char *data, Py_ssize_t size)
{
    memcpy(heap_end(&blobs->text), data, size);
    heap_end(&blobs->text)[size] = '\n';
    blobs->text.used += size + 1;
}

/* Write what is new in a blob, which was rebuilt of a delta; 0 where a look at all of it costs less. */
static int
write_news(Blobs *blobs, const Content *content, Delta delta, Py_ssize_t base_size)
{
    Span spans[MOST_SPANS];
    Py_ssize_t count = delta_news(delta, base_size, content->size, blobs->margins, spans, MOST_SPANS);
    Py_ssize_t all = count;
    for (Py_ssize_t number = 0; number < count; number++) {
        all += spans[number].end - spans[number].begin;
    }
    if (count < 0 || all > MOST_TEXT || 4 * all > 3 * content->size) {
        return 0;
    }
    for (Py_ssize_t number = 0; number < count; number++) {
        write_text(blobs, content->data + spans[number].begin, spans[number].end - spans[number].begin);
    }
    return 1;
}

static int
has_nul(const Content *content)
{
    Py_ssize_t beginning = content->size < BEGINNING ? content->size : BEGINNING;
    Py_ssize_t ending = content->size < ENDING ? content->size : ENDING;
    return memchr(content->data, 0, beginning) || memchr(content->data + content->size - ending, 0, ending);
}

void
blobs_add(Blobs *blobs, int64_t place, const Content *content, const Step *base, const Delta *delta)
{
    Blob *blob = &blobs->all[blobs->count++];
    *blob = (Blob){.place = place, .content = *content};
    Py_INCREF(content->owner);
    if (content->owner == blobs->small.bytes) {
        blobs->small.used += content->size;
    }
    blobs->held += content->size;
    memcpy(blob->peek, content->data, content->size < 2 ? content->size : 2);
    blob->peek[2] = (uint8_t)has_nul(content);
    if (base && (base->number >= 0 || base->silent) && write_news(blobs, content, *delta, base->content.size)) {
        blob->base = base->number >= 0 ? base->number : NEWS;
    }
    else if (content->size <= SMALL) {
        write_text(blobs, content->data, content->size);
        blob->base = WHOLE;
    }
    else {
        blob->base = APART;
    }
    blob->end = blobs->text.used;
}

void
blobs_hold(const Blobs *blobs, Step *step)
{
    const Content *content = &blobs->all[blobs->count - 1].content;
    content_hold(&step->content, content->owner, content->data, content->size);
    step->number = (int32_t)(blobs->count - 1);
}

PyObject *
blobs_text(Blobs *blobs)
{
    PyObject *marks = PyBytes_FromStringAndSize(NULL, 4 * blobs->count * sizeof(int64_t));
    PyObject *peeks = PyBytes_FromStringAndSize(NULL, 3 * blobs->count);
    PyObject *text = marks && peeks ? heap_take(&blobs->text) : NULL;
    if (!text) {
        Py_XDECREF(marks);
        Py_XDECREF(peeks);
        return NULL;
    }
    char *to_marks = PyBytes_AsString(marks), *to_peeks = PyBytes_AsString(peeks);
    for (Py_ssize_t number = 0; number < blobs->count; number++) {
        const Blob *blob = &blobs->all[number];
        int64_t mark[] = {blob->place, blob->end, blob->base, blob->content.size};
        memcpy(to_marks + number * sizeof(mark), mark, sizeof(mark));
        memcpy(to_peeks + 3 * number, blob->peek, 3);
    }
    return Py_BuildValue("NNN", text, marks, peeks);
}

PyObject *
blobs_content(const Blobs *blobs, Py_ssize_t number)
{
    if (number < 0 || number >= blobs->count) {
        PyErr_SetString(PyExc_IndexError, "so many blobs do not wait");
        return NULL;
    }
    return content_bytes(&blobs->all[number].content);
}

void
blobs_drop(Blobs *blobs)
{
    for (Py_ssize_t number = 0; number < blobs->count; number++) {
        content_drop(&blobs->all[number].content);
    }
    blobs->count = blobs->held = 0;
}

void
blobs_end(Blobs *blobs)
{
    blobs_drop(blobs);
    PyMem_Free(blobs->all);
    Py_XDECREF(blobs->small.bytes);
    Py_XDECREF(blobs->text.bytes);
}
