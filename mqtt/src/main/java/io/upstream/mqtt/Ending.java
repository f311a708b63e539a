// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a connection ends: by our own goodbye, or because it was lost. The first cause is the one that everybody is told. Confined to the
 * event loop.
 *
 * <pre>
 *   OPEN ──► RETIRING ──► DRAINING ──► LEAVING ──► CLOSED
 *     └──────────┴───────────┴────────────────────────▲     lost
 * </pre>
 */
final class Ending {
    /** How long DISCONNECT may take to leave; then TLS says its own goodbye, for which it has 3 s. */
    private static final Duration GOODBYE_LIMIT = Duration.ofSeconds(1);

    /** When the socket is closed whatever the layers above it still wait for. */
    private static final Duration FORCE_AFTER = Duration.ofSeconds(4);

    private final Channel channel;
    private final Where where;
    private final Remains remains;
    private State state = State.OPEN;

    private enum State {
        OPEN,
        /** Nothing new is written, another connection will carry it; what was written may still be acknowledged. */
        RETIRING,
        /** The last messages are written and acknowledged. */
        DRAINING,
        /** DISCONNECT is written, nothing may follow it. */
        LEAVING,
        CLOSED
    }

    /** What is left to do on a connection that ends. */
    interface Remains {
        /** Sends DISCONNECT, the last packet, and has {@code written} told when it has left; not called if the connection was lost. */
        void goodbye(ChannelFutureListener written);

        /**
         * Fails all requests that are unanswered and stops all that runs. Called once.
         *
         * @param written for requests that the hub may have
         * @param cause for everything else
         */
        void release(UpstreamException written, UpstreamException cause);

        /**
         * Nothing is left of the connection; comes last, once.
         *
         * @param cause null after our own goodbye
         */
        void over(@Nullable UpstreamException cause);
    }

    /** For a connection that is open. */
    Ending(Channel channel, Where where, Remains remains) {
        this.channel = channel;
        this.where = where;
        this.remains = remains;
    }

    /** Whether messages may be written. */
    boolean takesMessages() {
        return state == State.OPEN || state == State.DRAINING;
    }

    /** Whether only answers to what was written are awaited. */
    boolean isRetiring() {
        return state == State.RETIRING;
    }

    /** Whether nothing may be written any more, and nothing that arrives counts. */
    boolean isOver() {
        return state == State.LEAVING || state == State.CLOSED;
    }

    /**
     * Leaves when {@link #drained}, or else after {@code drain}; then the channel is closed within 4 s.
     *
     * @return whether this changed anything
     */
    boolean begin(Duration drain) {
        if (state != State.OPEN && state != State.RETIRING) {
            return false;
        }
        state = State.DRAINING;
        leaveAfter(drain);
        return true;
    }

    /** As {@link #begin}, but that no further messages are written. */
    boolean retire(Duration drain) {
        if (state != State.OPEN) {
            return false;
        }
        state = State.RETIRING;
        leaveAfter(drain);
        return true;
    }

    private void leaveAfter(Duration drain) {
        var alarm = loop().schedule(this::leave, drain.toNanos(), TimeUnit.NANOSECONDS);
        channel.closeFuture().addListener(closed -> alarm.cancel(false));
    }

    /** Nothing is under way, so there is nothing to wait for. */
    void drained() {
        if (state == State.DRAINING || state == State.RETIRING) {
            leave();
        }
    }

    /** The channel is closed. */
    void gone() {
        lost(loop().isShuttingDown() ? Failures.runtimeClosed("mqtt", null) : closedByPeer());
        if (state == State.LEAVING) {
            state = State.CLOSED;
            remains.over(null);
        }
    }

    /** The stream is of no more use. */
    void broken(Throwable cause) {
        if (!(cause instanceof ClosedChannelException)) { // gone() says that better
            lost(Failures.lost(cause, where));
        }
        channel.pipeline().close();
    }

    /** The session wants another one instead. */
    void givenUp(UpstreamException cause) {
        lost(cause);
        channel.pipeline().close();
    }

    /** The peer gave no sign of life. */
    void unanswered(Duration patience) {
        lost(UpstreamException.of(
                FailureKind.TIMEOUT,
                where,
                where.hop() + " gave no sign of life for " + Failures.seconds(patience)
                        + " after a PINGREQ: check the network between here and there"));
        channel.pipeline().close();
    }

    /** Says goodbye: whatever is not acknowledged by now will not be. */
    private void leave() {
        if (isOver()) {
            return;
        }
        state = State.LEAVING;
        remains.goodbye(written -> channel.pipeline().close());
        remains.release(
                closed("the session was closed before the hub answered; the hub may have it all the same"),
                closed("the session was closed"));
        var polite = loop().schedule(() -> channel.pipeline().close(), GOODBYE_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
        var forced = loop().schedule(this::forceClose, FORCE_AFTER.toNanos(), TimeUnit.NANOSECONDS);
        channel.closeFuture().addListener(closed -> {
            polite.cancel(false);
            forced.cancel(false);
        });
    }

    /** From the lowest handler down, past those that would wait for the peer. */
    private void forceClose() {
        ChannelHandlerContext lowest = channel.pipeline().firstContext();
        if (lowest != null) {
            lowest.close();
        }
    }

    private void lost(UpstreamException cause) {
        if (isOver()) {
            return;
        }
        state = State.CLOSED;
        remains.release(Failures.unanswered(cause), cause);
        remains.over(cause);
    }

    private UpstreamException closedByPeer() {
        return UpstreamException.of(
                FailureKind.CLOSED_BY_PEER,
                where,
                where.hop() + " closed the connection without a reason, MQTT has no word for one: look for a second"
                        + " connection with the same identity, a token that ended, or a device that was disabled");
    }

    private static UpstreamException closed(String text) {
        return UpstreamException.of(FailureKind.CLOSED, Where.here("mqtt"), text);
    }

    private EventLoop loop() {
        return channel.eventLoop();
    }
}
