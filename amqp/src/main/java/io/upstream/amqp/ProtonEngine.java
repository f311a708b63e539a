// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.upstream.FailureKind;
import io.upstream.connect.Failures;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.transport.ConnectionError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Collector;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Event;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.engine.impl.TransportImpl;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine on Apache Qpid proton-j, with what that lacks: {@link InboundGuard} and {@link SaslLogin} before it, idle times kept here,
 * and nothing thrown past it. Its buffers hold one frame of 64 KiB each way.
 */
final class ProtonEngine implements AmqpEngine {
    static final int MAX_FRAME_SIZE = 65_536;

    /** Enough for the longest message we take, in frames of the smallest size; a peer that needs more plays games. */
    private static final int MAX_TRANSFERS_PER_DELIVERY = 1_024;

    private static final byte[] EMPTY_FRAME = {0, 0, 0, 8, 2, 0, 0, 0};
    private static final Logger log = LoggerFactory.getLogger(ProtonEngine.class);

    private final LongSupplier nanoTime;
    private final TransportImpl transport = new TransportImpl();
    private final InboundGuard guard = new InboundGuard(transport);
    private final Connection connection = Proton.connection();
    private final Collector collector = Proton.collector();
    private @Nullable EngineEvents events;
    private Stage stage = Stage.NEW;
    private boolean dispatching;
    private long idleNanos;
    private long lastInput;
    private long lastOutput;

    private enum Stage {
        NEW,
        /** From our headers to the peer's open. */
        OPENING,
        OPEN,
        /** Closed or failed; a last word to the peer may still be drained. */
        OVER,
        /** Failed before the peer could have understood a last word. */
        MUTE
    }

    /** @param nanoTime a monotonic clock */
    ProtonEngine(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    @Override
    public void open(Opening opening, EngineEvents listener) {
        events = listener;
        stage = Stage.OPENING;
        idleNanos = opening.idleTimeOut().toNanos();
        lastInput = nanoTime.getAsLong();
        transport.trace(
                Transport.TRACE_OFF); // the environment can switch it on, and its frames hold tokens and passwords
        transport.setFrameHandler(guard);
        transport.setMaxFrameSize(MAX_FRAME_SIZE);
        transport.setMaxTransfersPerDelivery(MAX_TRANSFERS_PER_DELIVERY);
        transport.setEmitFlowEventOnSend(false);
        // the library announces half of what it is given, and would watch the whole itself if it were ticked
        transport.setIdleTimeout(Math.toIntExact(opening.idleTimeOut().toMillis() * 2));
        new SaslLogin(opening.login(), (kind, what) -> fail(kind, what)).start(transport.sasl(), opening.hostname());
        connection.setContainer(opening.containerId());
        connection.setHostname(opening.hostname());
        connection.collect(collector);
        transport.bind(connection);
        connection.open();
    }

    @Override
    public int sessionsAtMost() {
        return guard.sessionsAtMost();
    }

    @Override
    public EngineSession begin(SessionEvents listener) {
        return new ProtonSession(connection.session(), guard, listener);
    }

    @Override
    public void close() {
        connection.close();
    }

    @Override
    public void feed(ByteBuf in) {
        lastInput = nanoTime.getAsLong();
        while (in.isReadable() && !isOver()) {
            read(in);
            raise();
        }
        in.skipBytes(in.readableBytes());
    }

    private void read(ByteBuf in) {
        try {
            process(in);
        } catch (Violation e) {
            broken(e.getMessage());
        } catch (Throwable e) { // whatever the library trips over, it must not be asked again
            log.debug("the AMQP engine failed on what the peer sent", e);
            broken("sent something that makes no sense here (" + Failures.printable(String.valueOf(e.getMessage()))
                    + ")");
        }
    }

    private void raise() {
        try {
            dispatch();
        } catch (Violation e) {
            broken(e.getMessage());
        } catch (Throwable e) {
            log.warn("an AMQP event could not be handled", e);
            fail(FailureKind.INTERNAL, "caused a failure here: " + Failures.printable(String.valueOf(e.getMessage())));
        }
    }

    private void broken(@Nullable String how) {
        fail(FailureKind.PROTOCOL, "broke the AMQP protocol: it " + how);
    }

    private void process(ByteBuf in) {
        int room = transport.capacity();
        if (room <= 0) {
            throw new Violation("sent more after its last frame");
        }
        int step = Math.min(room, in.readableBytes());
        ByteBuffer tail = transport.tail();
        tail.limit(tail.position() + step);
        in.readBytes(tail);
        transport.process();
        String error = guard.parseError();
        if (error != null && !isOver()) {
            raise(); // what came before the fault still counts
            fail(FailureKind.PROTOCOL, "does not speak AMQP: " + Failures.printable(error));
        }
    }

    private void dispatch() {
        if (dispatching) {
            return;
        }
        dispatching = true;
        try {
            for (Event event = collector.peek(); event != null; event = collector.peek()) {
                if (!isOver()) {
                    handle(event);
                }
                collector.pop();
            }
        } finally {
            dispatching = false;
        }
    }

    private void handle(Event event) {
        switch (event.getType()) {
            case CONNECTION_REMOTE_OPEN -> {
                stage = Stage.OPEN;
                listener().opened();
            }
            case CONNECTION_REMOTE_CLOSE -> {
                stage = Stage.OVER;
                connection.close();
                listener().closed(ProtonLink.errorOf(connection.getRemoteCondition()));
            }
            case SESSION_REMOTE_OPEN -> session(event).onBegin();
            case SESSION_REMOTE_CLOSE -> session(event).onEnd();
            case LINK_REMOTE_OPEN -> link(event).onAttach();
            case LINK_REMOTE_CLOSE, LINK_REMOTE_DETACH -> link(event).onDetach();
            case LINK_FLOW -> {
                if (link(event) instanceof ProtonSender sender) {
                    sender.onFlow();
                }
            }
            case DELIVERY -> delivery(event.getDelivery());
            default -> {}
        }
    }

    private static void delivery(Delivery delivery) {
        Object link = delivery.getLink().getContext();
        if (link instanceof ProtonSender sender) {
            sender.onDelivery(delivery);
        } else if (link instanceof ProtonReceiver receiver) {
            receiver.onDelivery();
        }
    }

    private static ProtonSession session(Event event) {
        if (event.getSession().getContext() instanceof ProtonSession session) {
            return session;
        }
        throw new Violation("began a session that nobody asked for");
    }

    private static ProtonLink link(Event event) {
        if (event.getLink().getContext() instanceof ProtonLink link) {
            return link;
        }
        throw new Violation("attached a link in the wrong session");
    }

    private EngineEvents listener() {
        if (events == null) {
            throw new IllegalStateException("the engine was not opened");
        }
        return events;
    }

    private boolean isOver() {
        return stage == Stage.OVER || stage == Stage.MUTE;
    }

    /** The first cause is the one that counts. */
    private void fail(FailureKind kind, String what) {
        if (isOver()) {
            return;
        }
        stage = stage == Stage.OPEN ? Stage.OVER : Stage.MUTE;
        if (stage == Stage.OVER && connection.getLocalState() != EndpointState.CLOSED) {
            // set on the transport, it is written at once and instead of all else
            transport.setCondition(new ErrorCondition(
                    kind == FailureKind.PROTOCOL ? ConnectionError.FRAMING_ERROR : ConnectionError.CONNECTION_FORCED,
                    what));
            connection.close();
        }
        listener().failed(kind, what);
    }

    @Override
    public void drainTo(Consumer<ByteBuf> wire, ByteBufAllocator buffers) {
        if (stage == Stage.MUTE) {
            return;
        }
        try {
            for (int ready = transport.pending(); ready > 0; ready = transport.pending()) {
                ByteBuf out = buffers.buffer(ready, ready).writeBytes(transport.head());
                transport.pop(ready);
                lastOutput = nanoTime.getAsLong();
                wire.accept(out);
            }
            dispatch();
        } catch (Throwable e) { // the library's own defects end this connection and nothing else
            log.warn("the AMQP engine failed to write", e);
            fail(FailureKind.INTERNAL, "cannot be written to: " + Failures.printable(String.valueOf(e.getMessage())));
        }
        if (stage == Stage.OPEN && emptyFrameIsDue(nanoTime.getAsLong())) {
            lastOutput = nanoTime.getAsLong();
            wire.accept(buffers.buffer(EMPTY_FRAME.length).writeBytes(EMPTY_FRAME));
        }
    }

    @Override
    public long tick() {
        long now = nanoTime.getAsLong();
        if (stage != Stage.OPEN) {
            return NOTHING_DUE;
        }
        long silent = now - lastInput;
        if (silent >= idleNanos) {
            fail(
                    FailureKind.TIMEOUT,
                    "gave no sign of life for " + TimeUnit.NANOSECONDS.toSeconds(idleNanos)
                            + " s: the connection is dead, or something on the way drops it silently");
            return NOTHING_DUE;
        }
        long next = idleNanos - silent;
        if (guard.peerIdleMillis() > 0) {
            next = Math.min(next, Math.max(sendEveryNanos() - (now - lastOutput), sendEveryNanos() / 8));
        }
        return next;
    }

    private boolean emptyFrameIsDue(long now) {
        return guard.peerIdleMillis() > 0 && now - lastOutput >= sendEveryNanos();
    }

    /** Half of what the peer asks for (AMQP 1.0 section 2.4.5). */
    private long sendEveryNanos() {
        return TimeUnit.MILLISECONDS.toNanos(guard.peerIdleMillis()) / 2;
    }
}
