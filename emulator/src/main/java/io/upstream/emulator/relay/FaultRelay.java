// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

import io.netty.handler.ssl.SslContext;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A TCP relay on the loopback interface that is told, while it runs, what shall go wrong.
 *
 * <pre>{@code
 * try (FaultRelay relay = FaultRelay.to(new InetSocketAddress("127.0.0.1", hub.mqttPort())).seed(7).start()) {
 *     // connect to relay.port() …
 *     relay.delay(Duration.ofMillis(100), Duration.ofMillis(10));
 *     relay.hold(Direction.UP);                 // a hole: nothing gets up, what comes down still does
 *     relay.heal();                             // what was held arrives now
 *     relay.cutAfter(Direction.DOWN, 5_000, Ending.RST);
 * }
 * }</pre>
 *
 * <p>What is set for lines (delay, throttle, dribble, bundle, hold) is in force for all connections, present and later, until {@link #heal}.
 * Each call returns when it is in force. What the relay holds of a direction is bounded to some 256 KiB; beyond that it does not read. So a
 * hole is one as TCP's user sees it: bytes are late, and the kernel of the sender believes them to be under way. Random choices are drawn from
 * the seed. All methods may be called from any thread but the relay's own.
 */
public final class FaultRelay implements AutoCloseable {
    private final Door door;
    private final Map<Direction, AtomicLong> counters =
            Map.of(Direction.UP, new AtomicLong(), Direction.DOWN, new AtomicLong());
    // On the door's loop only.
    private final Map<Direction, Line> lines = new EnumMap<>(Direction.class);
    private final Map<Direction, Mark> marks = new EnumMap<>(Direction.class);

    private FaultRelay(Builder from) throws IOException {
        door = new Door(this, from);
    }

    /** A relay to this address. */
    public static Builder to(InetSocketAddress target) {
        return new Builder(target);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return door.address();
    }

    public int port() {
        return door.address().getPort();
    }

    /** Where connections that are accepted from now on lead. */
    public void target(InetSocketAddress target) {
        door.target(target);
    }

    // What is so for a while

    /** Everything takes so long both ways, and at random up to {@code jitter} longer; nothing overtakes. */
    public void delay(Duration delay, Duration jitter) {
        change(line -> line.withDelay(delay, jitter), Direction.values());
    }

    /** A line of so many bytes a second each way. */
    public void throttle(int bytesPerSecond) {
        change(line -> line.withBytesPerSecond(bytesPerSecond), Direction.values());
    }

    /** Everything comes in pieces of 1 to {@code most} bytes. */
    public void dribble(int most) {
        change(line -> line.withDribble(most), Direction.values());
    }

    /** What comes within this time arrives at once, in one piece. */
    public void bundle(Duration time) {
        change(line -> line.withBundle(time), Direction.values());
    }

    /** What is read at once and has more bytes than this holds its direction up until {@link #heal}: a hole for large packets. */
    public void holdLargerThan(int bytes) {
        change(line -> line.withLargest(bytes), Direction.values());
    }

    /** Nothing gets through in these directions, in both if none is named; it arrives when the relay is healed. */
    public void hold(Direction... directions) {
        change(Line::held, directions.length == 0 ? Direction.values() : directions);
    }

    // What happens to connections that come

    /** Nobody listens: who connects is refused. */
    public void refuse() throws IOException {
        door.refuse();
    }

    /** Connections are accepted; nothing is read or said. */
    public void silence() {
        door.receive(Door.Reception.SILENCE, null);
    }

    /** Whoever connects is told these bytes; then the connection is closed. */
    public void greet(byte[] bytes) {
        door.receive(Door.Reception.GREET, bytes.clone());
    }

    /** Connections are reset as soon as they are there. */
    public void repel() {
        door.receive(Door.Reception.REPEL, null);
    }

    /** Resets everything for {@code down}, lets everything through for {@code up}, and so on. */
    public void flap(Duration down, Duration up) {
        door.flap(down, up);
    }

    // What happens once

    /** Turns one bit of the next byte but {@code after} of each connection, present or later, in this direction. */
    public void corrupt(Direction direction, long after) {
        mark(direction, new Mark(Mark.Kind.FLIP, after));
    }

    /** Ends each connection, present or later, when it has carried so many bytes more in this direction; not one more is passed on. */
    public void cutAfter(Direction direction, long bytes, Ending ending) {
        mark(direction, new Mark(ending == Ending.RST ? Mark.Kind.RESET : Mark.Kind.CLOSE, bytes));
    }

    /** Holds up each connection, present or later, when it has carried so many bytes more in this direction. */
    public void holdAfter(Direction direction, long bytes) {
        mark(direction, new Mark(Mark.Kind.HOLD, bytes));
    }

    /** Present connections are dead from now on: both sides talk to nobody and are told nothing. Later ones are not touched. */
    public void forget() {
        door.forget();
    }

    /** Ends every connection, both sides. */
    public void cutAll(Ending ending) {
        door.cutAll(ending);
    }

    /** Says on every connection that no more will come in this direction; the other still flows. */
    public void halfClose(Direction direction) {
        door.forEach(each -> each.lane(direction).shut());
    }

    /** Adds bytes that nobody has sent to every connection, behind what has come so far. */
    public void inject(Direction direction, byte[] bytes) {
        door.forEach(each -> each.inject(direction, bytes));
    }

    /**
     * Asks whoever has connected for new TLS keys, on every connection: a KeyUpdate under TLS 1.3 (RFC 8446 section 4.6.3), if the relay decrypts
     * with the JDK's TLS.
     */
    public void renewKeys() {
        door.forEach(Conversation::renewKeys);
    }

    /** All is well again: what was held arrives, whoever connects is served. Connections that were forgotten or not served stay so. */
    public void heal() throws IOException {
        door.open();
        door.run(() -> {
            lines.clear();
            marks.clear();
            for (Conversation each : door.conversations()) {
                for (Direction direction : Direction.values()) {
                    each.lane(direction).become(Line.PLAIN);
                    each.lane(direction).become(Mark.none());
                }
            }
        });
    }

    // What has happened

    /** How many connections have been accepted. */
    public long connections() {
        return door.accepted();
    }

    /** How many connections are open on the side of whoever has connected. */
    public int liveConnections() {
        return door.live();
    }

    /** How many bytes have come to be carried in this direction. */
    public long bytes(Direction direction) {
        return counter(direction).get();
    }

    /** Closes the listener and every connection and stops the thread; returns when that is done or after 5 seconds. */
    @Override
    public void close() {
        door.close();
    }

    AtomicLong counter(Direction direction) {
        return counters.getOrDefault(direction, new AtomicLong());
    }

    Line line(Direction direction) {
        return lines.getOrDefault(direction, Line.PLAIN);
    }

    Mark mark(Direction direction) {
        return marks.getOrDefault(direction, Mark.none());
    }

    private void change(UnaryOperator<Line> change, Direction... directions) {
        door.run(() -> {
            for (Direction direction : directions) {
                Line next = change.apply(line(direction));
                lines.put(direction, next);
                door.conversations().forEach(each -> each.lane(direction).become(next));
            }
        });
    }

    private void mark(Direction direction, Mark mark) {
        door.run(() -> {
            marks.put(direction, mark);
            door.conversations().forEach(each -> each.lane(direction).become(mark));
        });
    }

    /** What a relay shall be; {@link #start} makes it listen. Not thread-safe. */
    public static final class Builder {
        final InetSocketAddress target;
        InetAddress host = InetAddress.getLoopbackAddress();
        int port;
        long seed = new Random().nextLong();

        @Nullable
        SslContext server;

        @Nullable
        SslContext client;

        String peerName = "";

        private Builder(InetSocketAddress target) {
            this.target = target;
        }

        /**
         * The loopback address to listen on; 127.0.0.1 by default.
         *
         * @throws IllegalArgumentException if it is an address that other machines can reach
         */
        public Builder host(InetAddress host) {
            if (!host.isLoopbackAddress()) {
                throw new IllegalArgumentException(host + " is no loopback address: a relay serves this machine only");
            }
            this.host = host;
            return this;
        }

        /** The port to listen on; 0, the default, for any free one. */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /** From which random choices are drawn. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /**
         * Ends TLS here and begins it anew towards the target, so that everything else acts on what is inside.
         *
         * @param server shown to whoever connects
         * @param client for the way to the target
         * @param peerName whom the target must prove to be
         */
        public Builder decrypting(SslContext server, SslContext client, String peerName) {
            this.server = server;
            this.client = client;
            this.peerName = peerName;
            return this;
        }

        /**
         * Listens.
         *
         * @throws IOException if the port cannot be bound
         */
        public FaultRelay start() throws IOException {
            return new FaultRelay(this);
        }
    }
}
