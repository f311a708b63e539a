// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.util.HashMap;
import java.util.Map;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Begin;
import org.apache.qpid.proton.amqp.transport.Close;
import org.apache.qpid.proton.amqp.transport.Detach;
import org.apache.qpid.proton.amqp.transport.Disposition;
import org.apache.qpid.proton.amqp.transport.End;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.FrameBody.FrameBodyHandler;
import org.apache.qpid.proton.amqp.transport.Open;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.engine.TransportException;
import org.apache.qpid.proton.engine.impl.FrameHandler;
import org.apache.qpid.proton.framing.TransportFrame;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the library's own frame handler, because that ignores or accepts much that AMQP 1.0 forbids: frames on channels and
 * handles that are not there, a second open, links nobody asked for, transfers beyond credit and size. Each is a {@link Violation} here.
 */
final class InboundGuard implements FrameHandler, FrameBodyHandler<Integer> {
    /** Shorter ones would keep us busy with empty frames. */
    private static final long SHORTEST_IDLE_MILLIS = 1_000;

    /** More is as good as unlimited; the library's arithmetic turns the largest into -1. */
    private static final UnsignedInteger MOST_CREDIT = UnsignedInteger.valueOf(1 << 30);

    private final FrameHandler next;
    private final Map<String, ProtonLink> asked = new HashMap<>();
    private final Map<Integer, Map<UnsignedInteger, ProtonLink>> channels = new HashMap<>();
    private Phase phase = Phase.BEFORE_OPEN;
    private long peerIdleMillis;
    private int peerChannelMax = 65_535;
    private @Nullable String parseError;

    private enum Phase {
        BEFORE_OPEN,
        OPEN,
        CLOSED
    }

    InboundGuard(FrameHandler next) {
        this.next = next;
    }

    /** Lets the peer attach its side of {@code link}. */
    void expect(String name, ProtonLink link) {
        asked.put(name, link);
    }

    void forget(String name) {
        asked.remove(name);
    }

    /** How often the peer wants to hear from us; 0 for never. */
    long peerIdleMillis() {
        return peerIdleMillis;
    }

    /** How many sessions the peer takes at once (AMQP 1.0 section 2.7.1). */
    int sessionsAtMost() {
        return peerChannelMax + 1;
    }

    /** What the frame parser could not read; null while all is well. */
    @Nullable
    String parseError() {
        return parseError;
    }

    @Override
    public boolean handleFrame(TransportFrame frame) {
        frame.getBody().invoke(this, frame.getPayload(), frame.getChannel());
        return next.handleFrame(frame);
    }

    @Override
    public void closed(@Nullable TransportException error) {
        if (error != null && phase != Phase.CLOSED) {
            parseError = String.valueOf(error.getMessage());
        }
        next.closed(error);
    }

    @Override
    public boolean isHandlingFrames() {
        return next.isHandlingFrames();
    }

    @Override
    public void handleOpen(Open open, @Nullable Binary payload, Integer channel) {
        if (phase != Phase.BEFORE_OPEN) {
            throw new Violation("opened the connection twice");
        }
        phase = Phase.OPEN;
        if (open.getChannelMax() != null) {
            peerChannelMax = open.getChannelMax().intValue();
        }
        UnsignedInteger idle = open.getIdleTimeOut();
        peerIdleMillis = idle == null || idle.longValue() == 0 ? 0 : Math.max(SHORTEST_IDLE_MILLIS, idle.longValue());
    }

    @Override
    public void handleBegin(Begin begin, @Nullable Binary payload, Integer channel) {
        requireOpen();
        if (begin.getRemoteChannel() == null) {
            throw new Violation("began a session that nobody asked for");
        }
        if (channels.putIfAbsent(channel, new HashMap<>()) != null) {
            throw new Violation("began a session twice on one channel");
        }
    }

    @Override
    public void handleAttach(Attach attach, @Nullable Binary payload, Integer channel) {
        Map<UnsignedInteger, ProtonLink> links = session(channel);
        ProtonLink link = asked.get(attach.getName());
        if (link == null || link.isSender() != (attach.getRole() == Role.RECEIVER)) {
            throw new Violation("attached a link that nobody asked for");
        }
        if (links.containsValue(link) || links.putIfAbsent(attach.getHandle(), link) != null) {
            throw new Violation("attached a link or a handle twice");
        }
    }

    @Override
    public void handleFlow(Flow flow, @Nullable Binary payload, Integer channel) {
        Map<UnsignedInteger, ProtonLink> links = session(channel);
        if (flow.getHandle() == null) {
            return;
        }
        link(links, flow.getHandle());
        if (flow.getLinkCredit() != null && flow.getLinkCredit().compareTo(MOST_CREDIT) > 0) {
            flow.setLinkCredit(MOST_CREDIT);
        }
    }

    @Override
    public void handleTransfer(Transfer transfer, @Nullable Binary payload, Integer channel) {
        ProtonLink link = link(session(channel), transfer.getHandle());
        if (!(link instanceof ProtonReceiver receiver)) {
            throw new Violation("sent a message on a link that goes the other way");
        }
        receiver.account(transfer, payload == null ? 0 : payload.getLength());
    }

    @Override
    public void handleDisposition(Disposition disposition, @Nullable Binary payload, Integer channel) {
        session(channel);
    }

    @Override
    public void handleDetach(Detach detach, @Nullable Binary payload, Integer channel) {
        if (session(channel).remove(detach.getHandle()) == null) {
            throw new Violation("detached a link that is not attached");
        }
    }

    @Override
    public void handleEnd(End end, @Nullable Binary payload, Integer channel) {
        session(channel);
        channels.remove(channel);
    }

    @Override
    public void handleClose(Close close, @Nullable Binary payload, Integer channel) {
        requireOpen();
        phase = Phase.CLOSED;
    }

    private void requireOpen() {
        if (phase != Phase.OPEN) {
            throw new Violation(
                    phase == Phase.BEFORE_OPEN ? "did not open the connection first" : "went on after its close");
        }
    }

    private Map<UnsignedInteger, ProtonLink> session(Integer channel) {
        requireOpen();
        Map<UnsignedInteger, ProtonLink> links = channels.get(channel);
        if (links == null) {
            throw new Violation("used channel " + channel + ", on which there is no session");
        }
        return links;
    }

    private static ProtonLink link(Map<UnsignedInteger, ProtonLink> links, UnsignedInteger handle) {
        ProtonLink link = links.get(handle);
        if (link == null) {
            throw new Violation("used handle " + handle + ", on which there is no link");
        }
        return link;
    }
}
