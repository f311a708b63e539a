// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

/** How long a connection has been quiet, and for how long it was and lived on. Times are of a monotonic clock. Confined to the event loop. */
public final class Quiet {
    private final long began;
    private long lastRead;
    private long lastWrite;

    /** The longest before anything that we have said since the peer was heard. */
    private long unanswered;

    private long survived;

    /** Begins now, with a word from both sides. */
    public Quiet(long now) {
        began = now;
        lastRead = now;
        lastWrite = now;
    }

    /** Something was read; once for each turn of the event loop will do. */
    public void heard(long now) {
        survived = Math.max(survived, idle(now));
        unanswered = 0;
        lastRead = now;
    }

    /** Something was sent; once for each flush will do. */
    public void spoke(long now) {
        unanswered = Math.max(unanswered, now - latest());
        lastWrite = now;
    }

    /** What reading is put off does not count as the peer's silence. */
    public void notListening(long now) {
        lastRead = now;
    }

    public long lastRead() {
        return lastRead;
    }

    /** Of the direction that was silent for longer. */
    public long oneSideSince() {
        return Math.min(lastRead, lastWrite);
    }

    long began() {
        return began;
    }

    /** How long neither side spoke: until now, or until words of ours that the peer has not answered. */
    long idle(long now) {
        return Math.max(unanswered, now - latest());
    }

    /** The longest that neither side spoke, after which the peer was heard again. */
    long survived() {
        return survived;
    }

    private long latest() {
        return Math.max(lastRead, lastWrite);
    }
}
