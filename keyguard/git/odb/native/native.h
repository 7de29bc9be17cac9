/* What the files of this extension share.

   They do in C what keyguard/git/odb does in Python, where that is done for each object of a repository. The Python is the
   reference: the tests hold the two to the same answers, and everything works without this. All input is hostile. What is
   out of the ordinary is never explained here but refused, and Python, which then looks again, says what is wrong. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- delta.c --- */

/* The instructions of a delta that are left. */
typedef struct {
    const uint8_t *at, *end;
} Delta;

/* The next size that a delta announces: that of its base, then that of its result. -1 where there is none. */
Py_ssize_t delta_size(Delta *delta);

/* Rebuild `size` bytes from a base and the instructions of a delta. 0 where they do not give just these. */
int delta_rebuild(Delta *delta, const char *base, Py_ssize_t base_size, char *result, Py_ssize_t size);

/* A part of a content, in bytes. */
typedef struct {
    Py_ssize_t begin, end;
} Span;

/* How far from what is new in a content something may stand that was not there, or that was something else. */
typedef struct {
    Py_ssize_t before, behind;
} Margins;

/* Find where the result of a delta, which was rebuilt of it, may have what its base does not: what is new in it and where
   two bytes meet that do not in the base, with the margins around that. No byte is in two of the `spans`.

   Gives their number; -1 where there are more than `most`. */
Py_ssize_t delta_news(
    Delta delta, Py_ssize_t base_size, Py_ssize_t size, Margins margins, Span *spans, Py_ssize_t most);

PyObject *apply_delta(PyObject *module, PyObject *args);
PyObject *news(PyObject *module, PyObject *args);

/* --- inflate.c --- */

/* What a step came to. LEFT: it is not done, and left to Python. FAILED: an error of Python is set. */
typedef enum { FAILED = -1, DONE, LEFT } Outcome;

typedef struct {
    const struct Library *library;
    void *state;
    PyObject *inflate, *crc32, *errors, *window;
} Inflater;

/* Make an inflater ready, with what inflates where there is no libdeflate; 0 where that fails. */
int inflater_begin(Inflater *inflater, PyObject *inflate, PyObject *crc32, PyObject *errors);

void inflater_end(Inflater *inflater);

/* Inflate a zlib stream to just `size` bytes. */
Outcome inflate_to(Inflater *inflater, const char *packed, Py_ssize_t length, char *to, Py_ssize_t size);

/* Whether some bytes have the CRC-32 `wanted`. */
Outcome has_checksum(Inflater *inflater, const char *data, Py_ssize_t length, int64_t wanted);

PyObject *use_libdeflate(PyObject *module, PyObject *path);
PyObject *inflate(PyObject *module, PyObject *args);

/* --- content.c --- */

/* The content of an object, which `owner` keeps alive. */
typedef struct {
    PyObject *owner;
    const char *data;
    Py_ssize_t size;
} Content;

void content_hold(Content *content, PyObject *owner, const char *data, Py_ssize_t size);
void content_drop(Content *content);

/* The content as bytes of Python, without a copy where that can be. */
PyObject *content_bytes(const Content *content);

/* Bytes that grow together, and room for more of them. */
typedef struct {
    PyObject *bytes;
    Py_ssize_t used, room;
} Heap;

/* See that a heap has room for `size` bytes: 0 where memory does not suffice. A new one has room for `least` in all. */
int heap_begin(Heap *heap, Py_ssize_t size, Py_ssize_t least);

/* Where the room begins. */
char *heap_end(const Heap *heap);

/* The bytes, perhaps with some line ends behind them, which are of nobody else. The heap is empty then. */
PyObject *heap_take(Heap *heap);

/* --- batch.c --- */

/* Contents of one kind, each followed by a line end, of about `together` bytes. A mark is a place and where its content
   ends. */
typedef struct {
    Heap heap;
    int64_t *marks;
    Py_ssize_t count, capacity, together;
} Batch;

/* See that one more content has room, at the end of the heap: LEFT where the others have to be taken before. */
Outcome batch_room(Batch *batch, Py_ssize_t size);

/* Count in what was written to that room. */
void batch_add(Batch *batch, int64_t place, Py_ssize_t size);

/* The contents and the marks, as Python has them. The batch is empty then. */
PyObject *batch_take(Batch *batch);

void batch_end(Batch *batch);

/* Contents as Python gives them: they end at `ends` of a text, with a byte between each two. */
typedef struct {
    Py_buffer text, ends;
} Contents;

Py_ssize_t contents_count(const Contents *contents);

/* Where the content with a number begins and ends: 0 where that is not within the text, with an error of Python. */
int contents_at(const Contents *contents, Py_ssize_t number, const uint8_t **begin, const uint8_t **end);

void contents_release(Contents *contents);

/* --- blobs.c --- */

typedef struct Blob Blob;

/* Blobs that wait, of which small ones lie in a heap, and `held` are the bytes of all; and the text for them. */
typedef struct {
    Blob *all;
    Py_ssize_t count, capacity, held, together;
    Margins margins;
    Heap small, text;
} Blobs;

/* An object on which others stand. `number` is its own among the blobs that wait, or -1; then `silent` says whether in a
   copy of it there is nothing but what begins in the margins of something new. */
typedef struct {
    Content content;
    int32_t number;
    int silent;
} Step;

/* See that one more blob can wait: LEFT where the others have to be taken before. */
Outcome blobs_room(Blobs *blobs);

/* Memory for a content of `size` bytes, which is `owner`'s, to be released by the caller. */
char *blobs_memory(Blobs *blobs, Py_ssize_t size, PyObject **owner);

/* Let a blob wait, after `blobs_room`. With a `base` it stands on that, by the instructions of a delta. */
void blobs_add(Blobs *blobs, int64_t place, const Content *content, const Step *base, const Delta *delta);

/* Have others stand on the blob that was added last. */
void blobs_hold(const Blobs *blobs, Step *step);

/* The text, the marks and the peeks of all that wait, as Python has them: they go on to wait, but without a text. */
PyObject *blobs_text(Blobs *blobs);

/* The content of one of them. */
PyObject *blobs_content(const Blobs *blobs, Py_ssize_t number);

/* Let all of them go. */
void blobs_drop(Blobs *blobs);

void blobs_end(Blobs *blobs);

/* --- commits.c, entries.c, order.c, trees.c, unpack.c --- */

PyObject *read_commits(PyObject *module, PyObject *args);
PyObject *read_entries(PyObject *module, PyObject *args);
PyObject *in_order(PyObject *module, PyObject *args);
extern PyType_Spec tree_names_spec, unpacker_spec;
