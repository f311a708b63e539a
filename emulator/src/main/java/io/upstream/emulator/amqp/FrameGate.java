// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Begin;
import org.apache.qpid.proton.amqp.transport.Close;
import org.apache.qpid.proton.amqp.transport.ConnectionError;
import org.apache.qpid.proton.amqp.transport.Detach;
import org.apache.qpid.proton.amqp.transport.End;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.FrameBody;
import org.apache.qpid.proton.amqp.transport.Open;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.engine.impl.ProtocolTracer;
import org.apache.qpid.proton.framing.TransportFrame;
import org.jspecify.annotations.Nullable;

/**
 * Sees every frame before the engine does, and refuses those that the engine would ignore or stumble over: a second open, frames for a
 * channel or a handle that is not in use, a channel or a handle that is used twice (AMQP 1.0 sections 2.4 to 2.6).
 */
final class FrameGate implements ProtocolTracer {
    private static final Symbol UNATTACHED_HANDLE = Symbol.valueOf("amqp:session:unattached-handle");
    private static final Symbol HANDLE_IN_USE = Symbol.valueOf("amqp:session:handle-in-use");

    /** Thrown through the engine; ends the connection. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Symbol condition;

        private Violation(Symbol condition, String message) {
            super(message, null, false, false);
            this.condition = condition;
        }

        Symbol condition() {
            return condition;
        }
    }

    private final Map<Integer, Set<UnsignedInteger>> handlesByChannel = new HashMap<>();
    private boolean opened;

    @Override
    public void receivedFrame(TransportFrame frame) {
        FrameBody body = frame.getBody();
        if (body instanceof Open) {
            require(!opened, ConnectionError.FRAMING_ERROR, "open is sent twice");
            opened = true;
            return;
        }
        require(opened, ConnectionError.FRAMING_ERROR, "a frame comes before open");
        int channel = frame.getChannel();
        if (body instanceof Begin begin) {
            require(
                    begin.getRemoteChannel() == null,
                    ConnectionError.FRAMING_ERROR,
                    "begin answers a session that was not begun");
            Set<UnsignedInteger> earlier = handlesByChannel.putIfAbsent(channel, new HashSet<>());
            require(earlier == null, ConnectionError.FRAMING_ERROR, "channel " + channel + " is begun twice");
        } else if (!(body instanceof Close)) {
            inSession(channel, handlesByChannel.get(channel), body);
        }
    }

    private void inSession(int channel, @Nullable Set<UnsignedInteger> handles, FrameBody body) {
        if (handles == null) {
            throw new Violation(ConnectionError.FRAMING_ERROR, "channel " + channel + " is not begun");
        }
        if (body instanceof End) {
            handlesByChannel.remove(channel);
        } else if (body instanceof Attach attach) {
            require(
                    handles.add(attach.getHandle()),
                    HANDLE_IN_USE,
                    "handle " + attach.getHandle() + " is attached twice");
        } else if (body instanceof Detach detach) {
            require(
                    handles.remove(detach.getHandle()),
                    UNATTACHED_HANDLE,
                    "handle " + detach.getHandle() + " is not attached");
        } else if (body instanceof Transfer transfer) {
            require(
                    handles.contains(transfer.getHandle()),
                    UNATTACHED_HANDLE,
                    "handle " + transfer.getHandle() + " is not attached");
        } else if (body instanceof Flow flow && flow.getHandle() != null) {
            require(
                    handles.contains(flow.getHandle()),
                    UNATTACHED_HANDLE,
                    "handle " + flow.getHandle() + " is not attached");
        }
    }

    private static void require(boolean kept, Symbol condition, String message) {
        if (!kept) {
            throw new Violation(condition, message);
        }
    }

    @Override
    public void sentFrame(TransportFrame frame) {}
}
