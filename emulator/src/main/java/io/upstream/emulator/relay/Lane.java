// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.emulator.server.Joint;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One direction of one connection: what has come and has to wait. Bounded: a full lane is not read. Confined to the event loop. */
final class Lane {
    private static final int MOST_WAITING = 256 * 1024;
    private static final int SLICES_PER_SECOND = 20;

    private final Joint.Side side;
    private final EventLoop loop;
    private final RandomGenerator random;
    private final AtomicLong counter;
    private final Runnable close;
    private final Runnable reset;
    private final ArrayDeque<Piece> waiting = new ArrayDeque<>();
    private int waitingBytes;
    private Line line;
    private Mark mark;
    private long leftToMark;
    private State state = State.OPEN;
    private long lastDue;
    private long freeAt;
    private long bundleDue;
    private @Nullable Future<?> timer;

    private enum State {
        OPEN,
        /** By a mark or a piece that is too large. */
        HELD,
        /** Whatever comes is dropped. */
        SHUT
    }

    /** @param what bytes, or what is to be done when all before it have gone */
    private record Piece(ByteBuf bytes, @Nullable Runnable what, long due) {}

    Lane(
            Joint.Side side,
            EventLoop loop,
            RandomGenerator random,
            AtomicLong counter,
            Runnable close,
            Runnable reset,
            Line line,
            Mark mark) {
        this.side = side;
        this.loop = loop;
        this.random = random;
        this.counter = counter;
        this.close = close;
        this.reset = reset;
        this.line = line;
        this.mark = mark;
        this.leftToMark = mark.bytes();
        lastDue = now();
        freeAt = lastDue;
        bundleDue = lastDue;
    }

    private long now() {
        return loop.ticker().nanoTime();
    }

    boolean mayRead() {
        return !isHeld() && waitingBytes < MOST_WAITING;
    }

    private boolean isHeld() {
        return state == State.HELD || line.flow() == Line.Flow.HELD;
    }

    /** The line is another one from now on. What waits goes as it was going to, unless all is well. */
    void become(Line next) {
        line = next;
        go();
    }

    /** Another mark, counted from here. */
    void become(Mark next) {
        mark = next;
        leftToMark = next.bytes();
        if (next.kind() == Mark.Kind.NONE && state == State.HELD) {
            state = State.OPEN;
        }
        go();
    }

    /** Tells the other side that there is no more, and drops what comes nevertheless. */
    void shut() {
        if (state != State.SHUT) {
            state = State.SHUT;
            clear();
            side.passEnd();
        }
    }

    boolean isShut() {
        return state == State.SHUT;
    }

    /** Takes what has come. */
    void take(ByteBuf bytes) {
        counter.addAndGet(bytes.readableBytes());
        if (state == State.SHUT) {
            bytes.release();
            return;
        }
        if (line.largest() > 0 && bytes.readableBytes() > line.largest()) {
            state = State.HELD;
        }
        if (mark.kind() == Mark.Kind.NONE || bytes.readableBytes() < leftToMark) {
            leftToMark -= bytes.readableBytes();
            send(bytes);
        } else {
            strike(bytes, (int) leftToMark);
        }
    }

    private void strike(ByteBuf bytes, int before) {
        Mark.Kind kind = mark.kind();
        mark = Mark.none();
        switch (kind) {
            case FLIP -> {
                if (bytes.readableBytes() == before) {
                    mark = new Mark(kind, 0);
                    leftToMark = 0;
                } else {
                    int at = bytes.readerIndex() + before;
                    bytes.setByte(at, bytes.getByte(at) ^ (1 << random.nextInt(8)));
                }
                send(bytes);
            }
            case HOLD -> {
                send(bytes.readRetainedSlice(before));
                state = State.HELD;
                send(bytes);
            }
            case CLOSE, RESET -> {
                bytes.writerIndex(bytes.readerIndex() + before);
                send(bytes);
                later(kind == Mark.Kind.CLOSE ? close : reset);
            }
            case NONE -> send(bytes);
        }
    }

    /** Adds bytes that nobody has sent. Takes them. */
    void inject(ByteBuf bytes) {
        send(bytes);
        side.flush();
    }

    private void send(ByteBuf bytes) {
        if (waiting.isEmpty() && !isHeld() && line.isPlain()) {
            side.pass(bytes);
            return;
        }
        while (bytes.isReadable()) {
            int size = Math.min(bytes.readableBytes(), pieceSize());
            waiting.add(new Piece(bytes.readRetainedSlice(size), null, due(size)));
            waitingBytes += size;
        }
        bytes.release();
        go();
    }

    private int pieceSize() {
        if (line.dribble() > 0) {
            return 1 + random.nextInt(line.dribble());
        }
        return line.bytesPerSecond() > 0 ? Math.max(1, line.bytesPerSecond() / SLICES_PER_SECOND) : Integer.MAX_VALUE;
    }

    /** Never before what came before. */
    private long due(int size) {
        long now = now();
        long due = now + line.delay() + (line.jitter() > 0 ? random.nextLong(line.jitter() + 1) : 0);
        if (line.bytesPerSecond() > 0) {
            freeAt = Math.max(freeAt, now) + TimeUnit.SECONDS.toNanos(1) * size / line.bytesPerSecond();
            due = Math.max(due, freeAt + line.delay());
        }
        if (line.bundle() > 0) {
            if (bundleDue - now <= 0) {
                bundleDue = now + line.bundle();
            }
            due = Math.max(due, bundleDue);
        }
        lastDue = Math.max(lastDue, due);
        return lastDue;
    }

    /** Does something when all that has come before has gone. */
    void later(Runnable what) {
        if (waiting.isEmpty() && !isHeld()) {
            side.passLast(Unpooled.EMPTY_BUFFER, what);
        } else {
            waiting.add(new Piece(Unpooled.EMPTY_BUFFER, what, Math.max(lastDue, now())));
            go();
        }
    }

    private void go() {
        long now = now();
        for (Piece next = waiting.peek(); next != null && mayGo(next, now); next = waiting.peek()) {
            waiting.remove();
            waitingBytes -= next.bytes().readableBytes();
            if (next.what() == null) {
                side.pass(next.bytes());
            } else {
                side.passLast(next.bytes(), next.what());
            }
            if (line.dribble() > 0) {
                side.flush();
            }
        }
        side.flush();
        arm(now);
        side.read();
    }

    /** A line that is well again lets everything go. */
    private boolean mayGo(Piece next, long now) {
        return !isHeld() && (line.isPlain() || next.due() - now <= 0);
    }

    private void arm(long now) {
        Piece next = waiting.peek();
        if (next != null && !isHeld() && (timer == null || timer.isDone())) {
            timer = loop.schedule(
                    () -> {
                        timer = null;
                        go();
                    },
                    Math.max(0, next.due() - now),
                    TimeUnit.NANOSECONDS);
        }
    }

    /** Drops what waits. */
    void clear() {
        if (timer != null) {
            timer.cancel(false);
        }
        waiting.forEach(piece -> piece.bytes().release());
        waiting.clear();
        waitingBytes = 0;
    }
}
