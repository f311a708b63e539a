// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.netty.channel.Channel;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamEvent.AttemptBegan;
import io.upstream.UpstreamEvent.AttemptEnded;
import io.upstream.UpstreamEvent.Family;
import io.upstream.UpstreamEvent.Stage;
import io.upstream.UpstreamException;
import io.upstream.connect.AttemptListener;
import io.upstream.trace.WireTrace;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Follows one attempt through its layers. Its monitor guards it, because an attempt on a dead event loop ends elsewhere. */
final class AttemptWatch implements AttemptListener {
    /** The layer before any other, see {@link io.upstream.connect.ConnectPlanner}. */
    private static final String PLAN = "plan";

    private static final AtomicLong NUMBERS = new AtomicLong();

    private final TransportWatch transport;
    private final @Nullable Identity identity;
    private final long number = NUMBERS.incrementAndGet();
    private final List<Stage> stages = new ArrayList<>(6);
    private final @Nullable WireTrace trace;
    private final Recorder recorder = Recorder.current();
    private @Nullable Object recording;
    private @Nullable Object stageRecording;
    private long began;
    private long stageBegan;
    private String stage = PLAN;
    private Standing standing = Standing.NEW;
    private @Nullable Channel channel;
    private @Nullable HostPort proxy;
    private @Nullable InetSocketAddress address;

    private enum Standing {
        NEW,
        RUNNING,
        OVER
    }

    AttemptWatch(TransportWatch transport, @Nullable Identity identity) {
        this.transport = transport;
        this.identity = identity;
        trace = WireTrace.ifWanted("#" + number + " " + transport.name() + (identity == null ? "" : " " + identity));
    }

    @Override
    public synchronized void begun() {
        standing = Standing.RUNNING;
        began = System.nanoTime();
        stageBegan = began;
        recording = recorder.beginAttempt();
        stageRecording = recorder.beginStage();
        transport.attemptBegan();
        transport.publish(identity, new AttemptBegan(number));
    }

    @Override
    public synchronized void stage(String next) {
        if (standing == Standing.RUNNING) {
            closeStage();
            stage = next;
            if (trace != null && channel != null) {
                trace.below(next, channel);
            }
        }
    }

    private void closeStage() {
        long now = System.nanoTime();
        stages.add(new Stage(stage, Duration.ofNanos(now - stageBegan)));
        stageBegan = now;
        recorder.endStage(stageRecording, number, stage);
        stageRecording = recorder.beginStage();
    }

    @Override
    public synchronized void connected(Channel socket, Route route) {
        channel = socket;
        proxy = route instanceof ProxyServer server ? server.address() : null;
        address = socket.remoteAddress() instanceof InetSocketAddress remote ? remote : null;
        transport.connected(socket, proxy != null);
    }

    @Override
    public synchronized void over(@Nullable UpstreamException failure) {
        if (standing != Standing.RUNNING) {
            return;
        }
        closeStage();
        standing = Standing.OVER;
        AttemptEnded end = new AttemptEnded(
                number,
                stages,
                Duration.ofNanos(System.nanoTime() - began),
                proxy,
                text(address),
                family(address),
                failure);
        recorder.endAttempt(recording, transport.name(), identity, end);
        transport.attemptEnded(identity, end);
    }

    private static @Nullable String text(@Nullable InetSocketAddress remote) {
        return remote == null || remote.getAddress() == null
                ? null
                : remote.getAddress().getHostAddress() + " port " + remote.getPort();
    }

    private static Family family(@Nullable InetSocketAddress remote) {
        InetAddress ip = remote == null ? null : remote.getAddress();
        return ip == null ? Family.NONE : ip instanceof Inet6Address ? Family.IPV6 : Family.IPV4;
    }
}
