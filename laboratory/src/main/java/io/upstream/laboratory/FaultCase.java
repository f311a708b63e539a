// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import java.util.EnumSet;
import java.util.Set;

/**
 * The 48 faults. What cannot be done within one process is done at the nearest level that can, and {@link #note} says how. Times are those of
 * the field divided by some ten, as the client's own are.
 */
@SuppressWarnings("ImmutableEnumChecker") // scripts are method references, the set of traits is never changed
public enum FaultCase {
    F01("reset in mid-stream", NetworkFaults::reset),
    F02("hole both ways", NetworkFaults::hole),
    F03("hole upwards only", NetworkFaults::holeUp),
    F04("hole downwards only", NetworkFaults::holeDown),
    F05("flapping line", "8 times 0.3 s down, 0.5 s up", NetworkFaults::flap),
    F06("satellite: long delay", "150 ms ± 15 each way; what is lost is late under TCP", NetworkFaults::satellite),
    F07("mobile network: delay and a narrow line", "50 ms ± 10, 700 kbit/s", NetworkFaults::mobile),
    F08("loss, reordering, duplicates", "what TCP makes of them: 0 to 200 ms late at random", NetworkFaults::lossy),
    F09("32 kbit/s", NetworkFaults::narrow),
    F10("name that does not resolve", "of the first hop, by what the proxy choice says", NetworkFaults::unresolvable),
    F11(
            "address that swallows SYNs",
            "a first way with a full backlog, the real one second",
            NetworkFaults::deafAddress),
    F12("hole for large packets", "for what is read at once, above 1200 bytes", NetworkFaults::smallPackets),
    F13("translation forgotten after idle", NetworkFaults::forgotten),
    F14(
            "no socket to be had",
            "the event loop refuses to register one, as with EMFILE",
            NetworkFaults::noSocket,
            Trait.OWN_LOOPS),

    F15("accepts, never speaks", TransportFaults::silence),
    F16("stalls after each flight of the handshake", TransportFaults::stalledHandshakes),
    F17("TLS alert, close_notify, truncation", TransportFaults::brokenTls),
    F18("another certificate: unknown authority, wrong host", TransportFaults::otherCertificates),
    F19(
            "TLS key updates",
            "by a server on the JDK's TLS that asks for one again and again",
            TransportFaults::keyUpdates,
            Trait.DECRYPTED),
    F20("single bytes", "1 to 8 bytes at a time", TransportFaults::dribble),
    F21("one flipped bit", TransportFaults::flippedBits),
    F22(
            "first data glued to the last handshake bytes",
            "what comes within 100 ms arrives at once",
            TransportFaults::glued),

    F23("proxy refuses connections", ProxyFaults::refused),
    F24("proxy wants other credentials", ProxyFaults::unauthorized),
    F25("proxy answers 502, 503, 504, 429", ProxyFaults::unavailable),
    F26("proxy dies in the tunnel", ProxyFaults::dies),
    F27("proxy says 200 and forwards nothing", ProxyFaults::mute),
    F28("proxy cuts idle tunnels", ProxyFaults::cutsIdle),

    F29("hub closes, in order and not", ProtocolFaults::closes),
    F30("hub ends the AMQP session", ProtocolFaults::endsSession),
    F31("hub detaches each AMQP link", ProtocolFaults::detachesLinks),
    F32("hub refuses the identity", ProtocolFaults::refuses),
    F33("hub throttles, quota used up", ProtocolFaults::throttles),
    F34("acknowledgement lost at the k-th message", ProtocolFaults::losesAcknowledgements),
    F35("acknowledgements withheld, the rest answered", ProtocolFaults::withholdsAcknowledgements),
    F36("duplicate and unknown acknowledgements", ProtocolFaults::strangeAcknowledgements, Trait.DECRYPTED),
    F37("MQTT session forgotten now and then", ProtocolFaults::forgetsSession),
    F38("no AMQP credit", ProtocolFaults::starves),
    F39("burst of messages, slow listener", "as many as the hub queues for a device", ProtocolFaults::burst),
    F40("malformed packets", ProtocolFaults::malformed, Trait.DECRYPTED),
    F41("hub away with many identities on it", "12 sessions beside", ProtocolFaults::herd),
    F42("identity taken over again and again", ProtocolFaults::takenOver),
    F43("WebSocket pings, close codes, text", ProtocolFaults::webSocket, Trait.DECRYPTED),

    F44("tokens: short, late, failing, stale", ProcessFaults::tokens, Trait.OWN_TOKENS),
    F45(
            "hub's clock jumps; the client is suspended",
            "the hub's by ±1 h; the client's event loops stand still",
            ProcessFaults::time),
    F46("listener blocks, throws", ProcessFaults::listeners),
    F47(
            "executor rejects, event loop shut down",
            "no failing allocation: Netty's allocator belongs to the process",
            ProcessFaults::fatal,
            Trait.OWN_LOOPS,
            Trait.OWN_CALLBACKS,
            Trait.FINAL),
    F48("close and cancel at random moments", ProcessFaults::closesAndCancels);

    private final String title;
    private final String note;
    private final Script script;
    private final Set<Trait> traits;

    /** What a fault needs. */
    enum Trait {
        /** A relay between the TLS of the client and that of the hub. */
        DECRYPTED,
        OWN_LOOPS,
        OWN_CALLBACKS,
        OWN_TOKENS,
        /** Nothing works afterwards, and nothing has to. */
        FINAL
    }

    /** Brings a fault about, and returns when it is time to end it; what is still in force then is ended by the scene. */
    @FunctionalInterface
    interface Script {
        void play(Scene scene) throws Exception;
    }

    FaultCase(String title, Script script, Trait... traits) {
        this(title, "", script, traits);
    }

    FaultCase(String title, String note, Script script, Trait... traits) {
        this.title = title;
        this.note = note;
        this.script = script;
        this.traits = traits.length == 0 ? Set.of() : EnumSet.copyOf(Set.of(traits));
    }

    /** 1 to 48. */
    public int number() {
        return Integer.parseInt(name().substring(1));
    }

    /** What goes wrong, in words. */
    public String title() {
        return title;
    }

    /** At which level it is done if not at its own; may be empty. */
    public String note() {
        return note;
    }

    Script script() {
        return script;
    }

    Set<Trait> traits() {
        return traits;
    }

    boolean has(Trait trait) {
        return traits.contains(trait);
    }

    /** Whether the fault has a meaning there. */
    public boolean applies(Column column) {
        return switch (this) {
            case F23, F24, F25, F26, F27, F28 -> column.isProxy();
            case F30, F31, F38 -> !column.isMqtt();
            case F37 -> column.isMqtt();
            case F43 -> column.isWebSocket();
            default -> true;
        };
    }

    /** How a message may fail before its time is over. */
    Set<FailureKind> mayFail() {
        return switch (this) {
            case F32 -> EnumSet.of(FailureKind.UNAUTHORIZED, FailureKind.DEVICE_DISABLED);
            case F33 -> EnumSet.of(FailureKind.THROTTLED, FailureKind.QUOTA);
            case F47 -> EnumSet.of(FailureKind.CLOSED, FailureKind.INTERNAL);
            default -> EnumSet.noneOf(FailureKind.class);
        };
    }
}
