// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.netty.util.concurrent.EventExecutor;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.provisioning.Provisioning;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Collector;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Event;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Session;
import org.apache.qpid.proton.engine.Transport;
import org.jspecify.annotations.Nullable;

/** One peer's AMQP connection, above the bytes: reacts to the engine's events. Confined to the event loop but for {@link #run}. */
final class AmqpConnection {
    static final int MAX_FRAME_SIZE = 65_536;
    static final int IDLE_TIMEOUT_MILLIS = 240_000;

    private static final int CHANNEL_MAX = 8_191;
    private static final int SHORTEST_IDLE_TIMEOUT_MILLIS = 5_000;
    private static final int SESSION_WINDOW_FRAMES = 5_000;

    private final Hub hub;
    private final AmqpHead.Clientele clientele;
    private final @Nullable ProvisioningNode provisioning;
    private final Executor loop;
    private final EventExecutor timers;
    private final Supplier<X509Certificate[]> certificates;
    private final Runnable cut;
    private final Transport transport;
    private final Connection engine = Proton.connection();
    private final Collector collector = Proton.collector();
    private final Claims claims;
    private final LinkTable table = new LinkTable(this);
    private final LinkAttach attach = new LinkAttach(this);
    private final Endings endings = new Endings(this);
    private final CbsNode cbs;
    private final Set<HubLink> links = new HashSet<>();
    private final ArrayDeque<Runnable> afterDispatch = new ArrayDeque<>();
    private @Nullable HubIdentity plainIdentity;

    /**
     * A connection that has not begun.
     *
     * @param run runs a task on the loop and then writes what the engine has to say
     * @param certificates gives what the peer has shown in its TLS handshake
     * @param cut ends everything without a word
     */
    AmqpConnection(
            AmqpHead head,
            Transport transport,
            EventExecutor loop,
            Executor run,
            Supplier<X509Certificate[]> certificates,
            Runnable cut) {
        this.hub = head.hub();
        this.clientele = head.clientele();
        this.cut = cut;
        Provisioning service = head.provisioning();
        this.provisioning = service == null ? null : new ProvisioningNode(this, service, certificates);
        this.certificates = certificates;
        this.transport = transport;
        this.loop = run;
        this.timers = loop;
        this.claims = new Claims(loop, identity -> run(() -> expired(identity)));
        this.cbs = new CbsNode(this, claims);
    }

    void start() {
        transport.setMaxFrameSize(MAX_FRAME_SIZE);
        transport.setChannelMax(CHANNEL_MAX);
        transport.setIdleTimeout(
                IDLE_TIMEOUT_MILLIS * 2); // the engine advertises half of it, as the specification advises
        new SaslGate(hub, provisioning, this::provedByPlain).offer(transport.sasl());
        engine.setContainer("DeviceGateway_" + UUID.randomUUID().toString().replace("-", ""));
        engine.setHostname("localhost");
        engine.collect(collector);
        transport.bind(engine);
    }

    Hub hub() {
        return hub;
    }

    AmqpHead.Clientele clientele() {
        return clientele;
    }

    /** Null if there is no such service. */
    @Nullable
    ProvisioningNode provisioning() {
        return provisioning;
    }

    /** Fails unless this connection speaks for the identity: by a token, put by CBS or given with PLAIN, or by the peer's certificate. */
    void authorize(HubIdentity identity) throws HubException {
        if (claims.holds(identity)) {
            return;
        }
        X509Certificate[] chain = certificates.get();
        if (chain.length == 0) {
            throw new HubException(
                    HubError.UNAUTHORIZED,
                    "this connection holds no valid token for " + identity
                            + " and no client certificate; put a token by CBS first");
        }
        if (!claims.put(identity, hub.authorize(identity, chain))) {
            throw new HubException(HubError.QUOTA_EXCEEDED, "this connection speaks for too many identities");
        }
    }

    LinkTable table() {
        return table;
    }

    CbsNode cbs() {
        return cbs;
    }

    Endings endings() {
        return endings;
    }

    /** Runs a task on the event loop, later, if the connection is still there; from any thread. */
    void run(Runnable task) {
        loop.execute(task);
    }

    /** As {@link #run}, after a while. */
    void runLater(Runnable task, long millis) {
        timers.schedule(() -> run(task), millis, TimeUnit.MILLISECONDS);
    }

    /** Runs a task when everything that has arrived so far was looked at, just before the output is written. */
    void afterDispatch(Runnable task) {
        afterDispatch.add(task);
    }

    boolean openedByPeer() {
        return engine.getRemoteState() != EndpointState.UNINITIALIZED;
    }

    boolean closedHere() {
        return engine.getLocalState() == EndpointState.CLOSED;
    }

    boolean closedByPeer() {
        return engine.getRemoteState() == EndpointState.CLOSED;
    }

    /** Lets the network fail. */
    void cut() {
        release();
        cut.run();
    }

    /** Closes the connection with an error, or in good order without one. */
    void close(@Nullable ErrorCondition condition) {
        if (!closedHere()) {
            engine.setCondition(condition);
            engine.close();
            release();
        }
    }

    /** Gives back everything held at the hub. Idempotent. */
    void release() {
        claims.clear();
        for (HubLink link : new ArrayList<>(links)) {
            link.release();
        }
        links.clear();
    }

    /** Looks at what has arrived. */
    void dispatch() {
        for (Event event = collector.peek(); event != null; event = collector.peek()) {
            handle(event);
            collector.pop();
        }
    }

    /** The same, then what was put off until everything was looked at; before the output is written. */
    void dispatchAll() {
        do {
            dispatch();
            for (Runnable task = afterDispatch.poll(); task != null; task = afterDispatch.poll()) {
                task.run();
            }
        } while (collector.peek() != null);
    }

    private void handle(Event event) {
        switch (event.getType()) {
            case CONNECTION_REMOTE_OPEN -> opened();
            case CONNECTION_REMOTE_CLOSE -> {
                engine.close();
                release();
            }
            case SESSION_REMOTE_OPEN -> begun(event.getSession());
            case SESSION_REMOTE_CLOSE -> ended(event.getSession());
            case LINK_REMOTE_OPEN -> attached(event.getLink());
            case LINK_REMOTE_CLOSE, LINK_REMOTE_DETACH -> detached(event.getLink());
            case LINK_FLOW -> {
                if (event.getLink().getContext() instanceof HubLink link && link.attached()) {
                    link.onFlow();
                }
            }
            case DELIVERY -> delivered(event.getDelivery());
            default -> {} // local events, and the transport's, which the handler sees by itself
        }
    }

    private void opened() {
        engine.open();
        int idle = transport.getRemoteIdleTimeout();
        if (idle > 0 && idle < SHORTEST_IDLE_TIMEOUT_MILLIS) {
            close(new ErrorCondition(
                    AmqpError.NOT_ALLOWED,
                    "idle-time-out " + idle + " ms is below the least that is allowed, "
                            + SHORTEST_IDLE_TIMEOUT_MILLIS));
        }
    }

    private static void begun(Session session) {
        session.setIncomingCapacity(SESSION_WINDOW_FRAMES * MAX_FRAME_SIZE);
        session.open();
    }

    private void ended(Session session) {
        releaseLinks(session);
        session.close();
        session.free();
    }

    /** Ends a session with an error; it is gone when the peer has ended it, too. */
    void end(Session session, ErrorCondition condition) {
        if (session.getLocalState() != EndpointState.CLOSED) {
            session.setCondition(condition);
            session.close();
            releaseLinks(session);
        }
    }

    private void releaseLinks(Session session) {
        for (HubLink link : new ArrayList<>(links)) {
            if (link.link.getSession() == session) {
                links.remove(link);
                link.release();
            }
        }
    }

    private void attached(Link link) {
        if (link.getLocalState() != EndpointState.UNINITIALIZED) {
            close(new ErrorCondition(AmqpError.ILLEGAL_STATE, "a link is attached twice"));
            return;
        }
        HubLink opened = attach.accept(link);
        if (opened != null) {
            link.setContext(opened);
            links.add(opened);
        }
    }

    private void detached(Link link) {
        if (link.getContext() instanceof HubLink known) {
            links.remove(known);
            known.release();
        }
        HubLink.discard(link);
        if (link.getSession().getLocalState() != EndpointState.CLOSED) {
            link.close(); // on a session that was ended here there is nobody left to tell
            link.free();
        }
    }

    private static void delivered(Delivery delivery) {
        Link link = delivery.getLink();
        if (link.getContext() instanceof HubLink known && known.attached()) {
            known.onDelivery(delivery);
        } else {
            HubLink.discard(link);
        }
    }

    private void provedByPlain(HubIdentity identity, Instant expiry) {
        plainIdentity = identity;
        claims.put(identity, expiry);
    }

    /** A CBS token ends the links of its identity; a PLAIN one was the whole connection's. */
    private void expired(HubIdentity identity) {
        ErrorCondition condition = AmqpErrors.of(HubError.UNAUTHORIZED, "the token of " + identity + " has expired");
        if (identity.equals(plainIdentity)) {
            close(condition);
        } else {
            table.fail(identity, condition);
        }
    }
}
