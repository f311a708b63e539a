// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.upstream.FailureKind;
import io.upstream.NetworkException;
import io.upstream.Phase;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.session.Lifecycle;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How a connection ends: by our own goodbye, or because it was lost. The first cause is the one that everybody is told. Confined to the
 * event loop.
 *
 * <pre>
 *   OPEN ──► DRAINING ──► LEAVING ──► CLOSED
 *     └─────────┴────────────────────────▲     lost
 * </pre>
 */
final class Ending {
    /** How long DISCONNECT may take to leave; then TLS says its own goodbye, for which it has 3 s. */
    private static final Duration GOODBYE_LIMIT = Duration.ofSeconds(1);

    /** When the socket is closed whatever the layers above it still wait for. */
    private static final Duration FORCE_AFTER = Duration.ofSeconds(4);

    private final Channel channel;
    private final Where where;
    private final Lifecycle lifecycle;
    private final Remains remains;
    private State state = State.OPEN;

    private enum State {
        OPEN,
        /** No new messages; those under way may still be acknowledged. */
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
         * Fails all that is unanswered and stops all that runs. Called once.
         *
         * @param written for messages and requests that the hub may have
         * @param unwritten for messages that it cannot have
         * @param cause for everything else
         */
        void release(UpstreamException written, UpstreamException unwritten, UpstreamException cause);
    }

    /** For a connection that is open. */
    Ending(Channel channel, Where where, Lifecycle lifecycle, Remains remains) {
        this.channel = channel;
        this.where = where;
        this.lifecycle = lifecycle;
        this.remains = remains;
    }

    /** Whether nothing new may be begun. */
    boolean hasBegun() {
        return state != State.OPEN;
    }

    /** Whether nothing may be written any more, and nothing that arrives counts. */
    boolean isOver() {
        return state == State.LEAVING || state == State.CLOSED;
    }

    /**
     * Leaves when {@link #drained}, or else after {@code drain}; then the channel is closed within 4 s.
     *
     * @return whether this began the ending
     */
    boolean begin(Duration drain) {
        if (hasBegun()) {
            return false;
        }
        state = State.DRAINING;
        var alarm = loop().schedule(this::leave, drain.toNanos(), TimeUnit.NANOSECONDS);
        channel.closeFuture().addListener(closed -> alarm.cancel(false));
        return true;
    }

    /** Nothing is under way, so there is nothing to wait for. */
    void drained() {
        if (state == State.DRAINING) {
            leave();
        }
    }

    /** The channel is closed. */
    void gone() {
        lost(loop().isShuttingDown() ? Failures.runtimeClosed("mqtt", null) : closedByPeer());
        if (state == State.LEAVING) {
            state = State.CLOSED;
            lifecycle.moveTo(Phase.CLOSED, null);
        }
    }

    /** The stream is of no more use. */
    void broken(Throwable cause) {
        if (!(cause instanceof ClosedChannelException)) { // gone() says that better
            lost(Failures.lost(cause, where));
        }
        channel.pipeline().close();
    }

    /** The peer gave no sign of life. */
    void unanswered() {
        lost(UpstreamException.of(
                FailureKind.TIMEOUT,
                where,
                where.hop() + " gave no sign of life for " + Failures.seconds(KeepAlive.ANSWER_LIMIT)
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
                closed("the session was closed, the message was not sent"),
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
        boolean wanted = state == State.DRAINING;
        state = State.CLOSED;
        boolean telling = cause instanceof NetworkException || cause.kind() == FailureKind.CLOSED;
        FailureKind kind = telling ? cause.kind() : FailureKind.RESET;
        String reason = "the connection was lost (" + cause.getMessage() + ")";
        remains.release(
                UpstreamException.of(
                        kind, where, reason + " before the hub answered; the hub may have it all the same", cause),
                UpstreamException.of(kind, where, reason + ", the message was not sent", cause),
                cause);
        lifecycle.moveTo(Phase.CLOSED, wanted ? null : cause);
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
