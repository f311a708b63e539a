// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.Anonymous;
import io.upstream.Telemetry;
import io.upstream.UserPassword;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Modified;
import org.apache.qpid.proton.amqp.messaging.Received;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.messaging.Released;
import org.apache.qpid.proton.amqp.transport.Role;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** AMQP 1.0, section by section: what the peer does, what that means, and what it is told. */
class ConformanceTest {
    private static final String FRAMING = "failed PROTOCOL";
    private static final String FRAMING_WORD = "close amqp:connection:framing-error";
    private static final byte[] NOTHING = {};

    @AfterEach
    void closeProbes() {
        EngineProbe.closeAll();
    }

    private enum Stage {
        /** Nothing has come. */
        FRESH,
        /** Our open is written. */
        WELCOME,
        OPEN,
        /** Our begin and both attaches are written, and the link down has a credit of two. */
        ASKED,
        /** The peer has begun with a window of 100 frames, and has attached both links. */
        ATTACHED,
        /** The link up has a credit of 10. */
        CREDITED
    }

    private record Row(String name, Stage stage, Consumer<Fixture> input, String events, String written) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final class Fixture {
        private final EngineProbe probe;
        private EngineSession session;
        private EngineSender up;
        private EngineReceiver down;

        Fixture(Stage stage) {
            probe = new EngineProbe(
                    Opening.Login.with(stage == Stage.FRESH ? new UserPassword("u", "p") : new Anonymous()));
            reach(stage);
            if (stage != Stage.FRESH) {
                probe.drain();
            }
            probe.events.clear();
        }

        private void reach(Stage stage) {
            if (stage.compareTo(Stage.WELCOME) >= 0) {
                feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS, Wire.OUTCOME));
            }
            if (stage.compareTo(Stage.OPEN) >= 0) {
                feed(Wire.hex(Wire.AMQP_HEADER), Peer.open(65_536L, 10, 60_000L));
            }
            if (stage.compareTo(Stage.ASKED) >= 0) {
                session = probe.engine.begin(probe);
                up = probe.sender(session, "up");
                down = probe.receiver(session, "down");
                down.credit(2);
            }
            if (stage.compareTo(Stage.ATTACHED) >= 0) {
                feed(Peer.begin(0, 100, 255), Peer.attach("up", Peer.UP, 0, 0), Peer.attach("down", Peer.DOWN, 0, 0));
            }
            if (stage.compareTo(Stage.CREDITED) >= 0) {
                feed(Peer.credit(Peer.UP, 0L, 10, false, false));
            }
        }

        void feed(byte[]... parts) {
            probe.feed(Wire.join(parts));
        }

        void send(int count, int bytes) {
            for (int i = 0; i < count; i++) {
                up.send(new byte[bytes], null, i);
            }
        }
    }

    private static Row row(String name, Stage stage, Consumer<Fixture> input, String events, String written) {
        return new Row(name, stage, input, events, written);
    }

    private static Row feed(String name, Stage stage, String events, String written, byte[]... parts) {
        return new Row(name, stage, fixture -> fixture.feed(parts), events, written);
    }

    static Stream<Row> negotiation() {
        return Stream.of(
                row("2.2 our header comes first", Stage.FRESH, f -> {}, "", "SASL header"),
                feed("2.2 the peer's version is another", Stage.FRESH, FRAMING, "", Wire.hex("414d515003010001")),
                feed("2.2 AMQP 0-9-1", Stage.FRESH, FRAMING, "", Wire.hex("414d515000000901")),
                feed("2.2 TLS where SASL belongs", Stage.FRESH, FRAMING, "", Wire.hex("414d515002010000")),
                feed(
                        "2.2 HTTP",
                        Stage.FRESH,
                        FRAMING,
                        "",
                        "HTTP/1.1 400 Bad Request\r\n".getBytes(StandardCharsets.US_ASCII)),
                feed("2.2 no AMQP header after SASL", Stage.WELCOME, FRAMING, "", Wire.hex(Wire.SASL_HEADER)),
                feed("2.2 another AMQP after SASL", Stage.WELCOME, FRAMING, "", Wire.hex("414d515000010100")));
    }

    /** A protocol header with one wrong byte, in two pieces: each byte, cut everywhere. */
    static Stream<Row> cutHeaders() {
        return Stream.of(Stage.FRESH, Stage.WELCOME)
                .flatMap(stage -> IntStream.range(0, Long.BYTES)
                        .boxed()
                        .flatMap(
                                wrong -> IntStream.range(1, Long.BYTES).mapToObj(cut -> cutHeader(stage, wrong, cut))));
    }

    private static Row cutHeader(Stage stage, int wrong, int cut) {
        byte[] header = Wire.hex(stage == Stage.FRESH ? Wire.SASL_HEADER : Wire.AMQP_HEADER);
        header[wrong] ^= 0x20;
        Consumer<Fixture> input = f -> {
            f.feed(Arrays.copyOf(header, cut));
            f.feed(Arrays.copyOfRange(header, cut, header.length));
        };
        return row("2.2 byte " + wrong + " is wrong, cut at " + cut + ", " + stage, stage, input, FRAMING, "");
    }

    static Stream<Row> sasl() {
        byte[] header = Wire.hex(Wire.SASL_HEADER);
        byte[] offer = Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS);
        String told = "SASL header, init PLAIN";
        return Stream.of(
                feed("5.3 an offer is answered", Stage.FRESH, "", told, offer),
                feed(
                        "5.3 one mechanism that is no array",
                        Stage.FRESH,
                        "",
                        told,
                        header,
                        Wire.hex("00000016 02010000 005340c00901a305 504c41494e 40")),
                feed(
                        "5.3 an empty offer",
                        Stage.FRESH,
                        "failed UNAUTHORIZED",
                        "",
                        header,
                        Wire.hex("00000010 02010000 005340c0030140 40")),
                feed(
                        "5.3 an offer without mechanisms",
                        Stage.FRESH,
                        "failed UNAUTHORIZED",
                        "",
                        header,
                        Wire.hex("0000000c 02010000 00534045")),
                feed(
                        "5.3 what we do not speak",
                        Stage.FRESH,
                        "failed UNAUTHORIZED",
                        "",
                        header,
                        Wire.hex("00000015 02010000 005340c00801a305 4c4f47494e")),
                feed(
                        "5.3 an array whose count lies",
                        Stage.FRESH,
                        FRAMING,
                        "",
                        header,
                        Wire.hex("00000018 02010000 005340c00b01e008ffa3 0000000000 00")),
                feed(
                        "5.3 a frame of more than 512 bytes",
                        Stage.FRESH,
                        FRAMING,
                        "",
                        header,
                        Wire.hex("00000201 02010000")),
                feed("5.3 an AMQP frame", Stage.FRESH, FRAMING, "", header, Wire.hex("00000008 02000000")),
                feed(
                        "5.3 a challenge",
                        Stage.FRESH,
                        FRAMING,
                        "",
                        offer,
                        Wire.hex("00000010 02010000 005342c00301a000")),
                feed("5.3 the outcome before the offer", Stage.FRESH, FRAMING, "", header, Wire.hex(Wire.OUTCOME)),
                feed("5.3 outcome auth", Stage.FRESH, "failed UNAUTHORIZED", "", offer, outcome("01")),
                feed("5.3 outcome sys", Stage.FRESH, "failed SERVER_ERROR", "", offer, outcome("02")),
                feed("5.3 outcome sys-perm", Stage.FRESH, "failed SERVER_ERROR", "", offer, outcome("03")),
                feed("5.3 outcome sys-temp", Stage.FRESH, "failed SERVER_ERROR", "", offer, outcome("04")),
                feed("5.3 an outcome that does not exist", Stage.FRESH, FRAMING, "", offer, outcome("05")),
                feed("5.3 outcome ok", Stage.FRESH, "", told + ", AMQP header, open", offer, outcome("00")));
    }

    private static byte[] outcome(String code) {
        return Wire.hex("00000010 02010000 005344c0030150", code);
    }

    static Stream<Row> framing() {
        return Stream.of(
                feed("2.3 a frame shorter than its header", Stage.OPEN, FRAMING, FRAMING_WORD, Wire.hex("00000007")),
                feed("2.3 a frame longer than ours may be", Stage.OPEN, FRAMING, FRAMING_WORD, Wire.hex("00010001")),
                feed("2.3 a frame of negative length", Stage.OPEN, FRAMING, FRAMING_WORD, Wire.hex("80000000")),
                feed("2.3 a data offset below two", Stage.OPEN, FRAMING, FRAMING_WORD, Wire.hex("0000000801000000")),
                feed(
                        "2.3 a data offset out of the frame",
                        Stage.OPEN,
                        FRAMING,
                        FRAMING_WORD,
                        Wire.hex("0000000803000000")),
                feed("2.3 a SASL frame after SASL", Stage.OPEN, FRAMING, FRAMING_WORD, Wire.hex("0000000802010000")),
                feed("2.3 an unknown frame type", Stage.OPEN, FRAMING, FRAMING_WORD, Wire.hex("0000000802020000")),
                feed("2.3 an empty frame is a sign of life", Stage.OPEN, "", "", Wire.hex("0000000802000000")),
                feed("2.3 an empty frame on any channel", Stage.OPEN, "", "", Wire.hex("0000000802000777")),
                feed(
                        "2.3 an extended header is skipped",
                        Stage.OPEN,
                        "closed null",
                        "close",
                        Wire.hex("00000010 03000000 deadbeef 00531845")),
                feed(
                        "2.3 a channel of a close means nothing",
                        Stage.OPEN,
                        "closed null",
                        "close",
                        Peer.close(77, null)),
                feed(
                        "1.3 a body that is no described value",
                        Stage.OPEN,
                        FRAMING,
                        "close amqp:decode-error",
                        Wire.hex("0000000a 02000000 a100")),
                feed(
                        "1.3 a descriptor that nobody knows",
                        Stage.OPEN,
                        FRAMING,
                        "close amqp:decode-error",
                        Wire.hex("0000000c 02000000 00537745")),
                feed(
                        "1.3 a descriptor spelled out",
                        Stage.OPEN,
                        "closed null",
                        "close",
                        Wire.hex("0000001b 02000000 00a30f", Wire.hexOfText("amqp:close:list"), "45")),
                feed(
                        "1.3 a descriptor of eight bytes",
                        Stage.OPEN,
                        "closed null",
                        "close",
                        Wire.hex("00000013 02000000 00800000000000000018 45")));
    }

    static Stream<Row> bombs() {
        String decode = "close amqp:decode-error";
        return Stream.of(
                        "005310d0ffffffff00000000", // a size of 2^32 - 1
                        "005310d07fffffff00000000", // a size of 2^31 - 1
                        "005310d0000000047fffffff", // 2^31 - 1 fields in no bytes
                        "005310d000000004ffffffff", // a negative count
                        "005310c0020540", // more fields than bytes
                        "005310b000000000", // no list
                        "0000000000000000000000000000000000", // descriptors of descriptors
                        "0080ffffffffffffffff45", // a descriptor that is no code
                        "00b37fffffff45", // a descriptor of two gigabytes
                        "00a3ff45", // a descriptor longer than the frame
                        "005313c00c0b70", // cut in a field
                        "005313c00502a100a100", // text where a number belongs
                        "005318c0070100531dc0ff01", // an error that lies about its size
                        "005318c0090100531dc00301b1ff") // a condition that lies about its size
                .map(hex -> feed("1.6 " + hex, Stage.OPEN, FRAMING, decode, frame(hex)))
                .map(row -> row.name().contains("005313c00502") // of a session that is not there
                        ? new Row(row.name(), row.stage(), row.input(), row.events(), FRAMING_WORD)
                        : row);
    }

    private static byte[] frame(String body) {
        byte[] bytes = Wire.hex(body);
        byte[] frame = Wire.join(Wire.hex("00000000 02000000"), bytes);
        frame[3] = (byte) frame.length;
        return frame;
    }

    static Stream<Row> connection() {
        return Stream.of(
                feed(
                        "2.4.1 something else before the open",
                        Stage.WELCOME,
                        FRAMING,
                        "",
                        Wire.hex(Wire.AMQP_HEADER),
                        Peer.begin(0, 1, 1)),
                feed(
                        "2.4.1 a close before the open",
                        Stage.WELCOME,
                        FRAMING,
                        "",
                        Wire.hex(Wire.AMQP_HEADER),
                        Peer.close(0, null)),
                feed(
                        "2.4.1 a second open",
                        Stage.OPEN,
                        FRAMING,
                        "close amqp:illegal-state",
                        Peer.open(null, null, null)),
                feed(
                        "2.7.1 an open without a container",
                        Stage.WELCOME,
                        FRAMING,
                        "",
                        Wire.hex(Wire.AMQP_HEADER, "0000000c 02000000 00531045")),
                feed(
                        "2.7.1 an open that says nothing more",
                        Stage.WELCOME,
                        "opened",
                        "",
                        Wire.hex(Wire.AMQP_HEADER),
                        Peer.open(null, null, null)),
                feed(
                        "2.7.1 the least max-frame-size",
                        Stage.WELCOME,
                        "opened",
                        "",
                        Wire.hex(Wire.AMQP_HEADER),
                        Peer.open(512L, null, null)),
                feed(
                        "2.7.1 a max-frame-size below the least",
                        Stage.WELCOME,
                        FRAMING,
                        "",
                        Wire.hex(Wire.AMQP_HEADER),
                        Peer.open(511L, null, null)),
                feed(
                        "2.7.1 the greatest max-frame-size",
                        Stage.WELCOME,
                        "opened",
                        "",
                        Wire.hex(Wire.AMQP_HEADER),
                        Peer.open(0xffff_ffffL, null, null)),
                row(
                        "2.7.1 no session beyond the channel-max",
                        Stage.OPEN,
                        f -> {
                            for (int i = 0; i < 12; i++) {
                                f.probe.engine.begin(f.probe);
                            }
                        },
                        "ended amqp:resource-limit-exceeded: no more sessions on this connection",
                        "begin, begin, begin, begin, begin, begin, begin, begin, begin, begin, begin"),
                feed("2.4.3 the peer closes", Stage.OPEN, "closed null", "close", Peer.close(0, null)),
                feed(
                        "2.8.15 the peer closes with an error",
                        Stage.OPEN,
                        "closed amqp:connection:forced: because",
                        "close",
                        Peer.close(0, "amqp:connection:forced")),
                feed(
                        "2.4.3 what follows the close means nothing",
                        Stage.ATTACHED,
                        "closed null",
                        "close",
                        Peer.close(0, null),
                        Wire.hex("deadbeefdeadbeef")),
                row(
                        "2.4.3 our close is answered",
                        Stage.OPEN,
                        f -> {
                            f.probe.engine.close();
                            f.feed(Peer.close(0, null));
                        },
                        "closed null",
                        "close"),
                row(
                        "2.4.6 what was under way when we closed is still read",
                        Stage.ATTACHED,
                        f -> {
                            f.probe.engine.close();
                            f.feed(
                                    Peer.transfer(Peer.DOWN, 0L, "t", Peer.data(3)),
                                    Peer.close(0, "amqp:internal-error"));
                        },
                        "delivered down 3 bytes; closed amqp:internal-error: because",
                        "close"),
                row(
                        "2.4.6 closing twice says it once",
                        Stage.OPEN,
                        f -> {
                            f.probe.engine.close();
                            f.probe.engine.close();
                        },
                        "",
                        "close"),
                row(
                        "2.4.5 a silent peer is left",
                        Stage.OPEN,
                        f -> {
                            f.probe.after(Duration.ofSeconds(60));
                            f.probe.engine.tick();
                        },
                        "failed TIMEOUT",
                        "close amqp:connection:forced"),
                row(
                        "2.4.5 the peer hears from us at half its time",
                        Stage.OPEN,
                        f -> {
                            f.probe.after(Duration.ofSeconds(30));
                            f.probe.engine.tick();
                        },
                        "",
                        "empty"));
    }

    static Stream<Row> session() {
        return Stream.of(
                feed(
                        "2.5.1 a begin that nobody asked for",
                        Stage.OPEN,
                        FRAMING,
                        "close amqp:not-allowed",
                        Peer.begin(0, 1, 1)),
                feed("2.5.1 a begin twice", Stage.ATTACHED, FRAMING, FRAMING_WORD, Peer.begin(0, 1, 1)),
                feed(
                        "2.7.2 a begin without a window",
                        Stage.ASKED,
                        FRAMING,
                        "close amqp:invalid-field",
                        Wire.hex("00000012 02000005 005311c00502 600000 43")),
                feed(
                        "2.7.2 too few handles for our links",
                        Stage.ASKED,
                        "ended amqp:resource-limit-exceeded: it allows no more than 1 links",
                        "end amqp:resource-limit-exceeded",
                        Peer.begin(0, 1, 0)),
                feed("2.5.5 the peer ends the session", Stage.ATTACHED, "ended null", "end", Peer.end(5, null)),
                feed(
                        "2.5.5 the peer ends the session with an error",
                        Stage.ATTACHED,
                        "ended amqp:session:window-violation: because",
                        "end",
                        Peer.end(5, "amqp:session:window-violation")),
                feed(
                        "2.5.5 an end twice",
                        Stage.ATTACHED,
                        "ended null; " + FRAMING,
                        "end, " + FRAMING_WORD,
                        Peer.end(5, null),
                        Peer.end(5, null)),
                feed("2.5.5 an end of no session", Stage.ATTACHED, FRAMING, FRAMING_WORD, Peer.end(6, null)),
                row(
                        "2.5.5 what comes after our end is ignored",
                        Stage.ATTACHED,
                        f -> {
                            f.session.end();
                            f.feed(
                                    Peer.transfer(Peer.DOWN, 0L, "t", Peer.data(1)),
                                    Peer.detach(9, true, null),
                                    Peer.end(5, null));
                        },
                        "ended null",
                        "end"),
                row(
                        "2.5.5 our end waits for the begin",
                        Stage.ASKED,
                        f -> {
                            f.session.end();
                            f.feed(Peer.begin(0, 1, 255), Peer.end(5, null));
                        },
                        "ended null",
                        "end"),
                row(
                        "2.5.5 ending twice says it once",
                        Stage.ATTACHED,
                        f -> {
                            f.session.end();
                            f.session.end();
                        },
                        "",
                        "end"),
                row(
                        "2.5.6 a shut window holds messages back",
                        Stage.CREDITED,
                        f -> {
                            f.feed(Peer.window(0, 2, false));
                            f.send(2, 10);
                            assertEquals(0, f.up.credit());
                            f.feed(Peer.window(2, 1, false));
                            assertEquals(8, f.up.credit());
                        },
                        "credited up",
                        "transfer 0, transfer 1"),
                row(
                        "2.5.6 what the peer has not seen counts against the window",
                        Stage.CREDITED,
                        f -> {
                            f.send(2, 10);
                            f.feed(Peer.window(1, 1, false));
                            assertEquals(0, f.up.credit());
                            f.feed(Peer.window(0, 1, false));
                            assertEquals(0, f.up.credit());
                        },
                        "",
                        "transfer 0, transfer 1"),
                row(
                        "2.5.6 a window behind the wrap of 2^32",
                        Stage.CREDITED,
                        f -> {
                            f.feed(Peer.window(0xffff_ffffL, 1, false)); // one that was never sent is one that was seen
                            assertEquals(0, f.up.credit());
                            f.feed(Peer.window(0xffff_ffffL, 2, false));
                            assertEquals(10, f.up.credit());
                        },
                        "credited up",
                        ""),
                feed("2.5.6 an echo", Stage.ATTACHED, "", "flow", Peer.window(0, 1, true)),
                row(
                        "2.5.6 a message longer than the window waits in the middle",
                        Stage.CREDITED,
                        f -> {
                            f.feed(Peer.window(0, 1, false));
                            f.send(1, 100_000);
                            f.feed(Peer.window(1, 100, false));
                        },
                        "credited up",
                        "transfer 0 more, transfer null"),
                row(
                        "2.5.6 a message that waits is not read from where its sender has it",
                        Stage.CREDITED,
                        f -> {
                            byte[] payload = new byte[100_000];
                            f.feed(Peer.window(0, 1, false));
                            f.up.send(NOTHING, Telemetry.of(payload), "told that it was too late");
                            f.probe.drain();
                            Arrays.fill(payload, (byte) 1);
                            f.feed(Peer.window(1, 100, false));
                            byte[] rest = f.probe.drain();
                            assertEquals("transfer null", Peer.describe(rest));
                            assertEquals(0, rest[rest.length - 1]);
                        },
                        "credited up",
                        ""),
                row(
                        "2.6.7 a drain in the middle of a message is answered behind it",
                        Stage.CREDITED,
                        f -> {
                            f.feed(Peer.window(0, 1, false));
                            f.send(1, 100_000);
                            f.feed(Peer.drainWithoutWindow(Peer.UP, 0, 10));
                            assertEquals("transfer 0 more", Peer.describe(f.probe.drain()));
                            f.feed(Peer.window(1, 100, false));
                        },
                        "credited up; credited up",
                        "transfer null, flow 0 credit 0 count 10 drained"),
                row(
                        "2.6.7 a drain that is taken back is not answered",
                        Stage.CREDITED,
                        f -> {
                            f.feed(Peer.window(0, 1, false));
                            f.send(1, 100_000);
                            f.feed(Peer.drainWithoutWindow(Peer.UP, 0, 10));
                            f.feed(Peer.credit(Peer.UP, 0L, 10, false, false));
                            assertEquals(9, f.up.credit());
                        },
                        "credited up; credited up; credited up",
                        "transfer 0 more, transfer null"),
                feed(
                        "2.7 a frame on no session",
                        Stage.ATTACHED,
                        FRAMING,
                        FRAMING_WORD,
                        Wire.hex("0000000c 02000009 00531345")));
    }

    static Stream<Row> link() {
        return Stream.of(
                feed(
                        "2.6.3 an attach that nobody asked for",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:not-allowed",
                        Peer.attach("other", 7, 0, 0)),
                feed(
                        "2.6.3 an attach twice",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:session:handle-in-use",
                        Peer.attach("up", 7, 0, 0)),
                feed(
                        "2.7.3 a handle twice",
                        Stage.ASKED,
                        "attached up; " + FRAMING,
                        "close amqp:session:handle-in-use",
                        Peer.begin(0, 100, 255),
                        Peer.attach("up", 0, 0, 0),
                        Peer.attach("down", 0, 0, 0)),
                feed(
                        "2.7.3 a handle above ours",
                        Stage.ASKED,
                        FRAMING,
                        FRAMING_WORD,
                        Peer.begin(0, 100, 255),
                        Peer.attach("up", 256, 0, 0)),
                feed(
                        "2.6.3 a refusal",
                        Stage.ASKED,
                        "detached up amqp:not-found: because",
                        "detach 0",
                        Peer.begin(0, 100, 255),
                        Peer.refusal("up", 0),
                        Peer.detach(0, true, "amqp:not-found")),
                feed(
                        "2.6.3 a refusal of what we would receive",
                        Stage.ASKED,
                        "detached down amqp:not-found: because",
                        "detach 1",
                        Peer.begin(0, 100, 255),
                        Peer.refusal("down", 3),
                        Peer.detach(3, true, "amqp:not-found")),
                feed(
                        "2.6.6 the peer closes the link",
                        Stage.ATTACHED,
                        "detached up amqp:link:stolen: because",
                        "detach 0",
                        Peer.detach(Peer.UP, true, "amqp:link:stolen")),
                feed(
                        "2.6.4 the peer detaches without closing",
                        Stage.ATTACHED,
                        "detached up null",
                        "detach 0",
                        Peer.detach(Peer.UP, false, null)),
                feed(
                        "2.6.6 a detach twice",
                        Stage.ATTACHED,
                        "detached up null; " + FRAMING,
                        "detach 0, close amqp:session:unattached-handle",
                        Peer.detach(Peer.UP, true, null),
                        Peer.detach(Peer.UP, true, null)),
                row(
                        "2.6.6 our detach is answered",
                        Stage.ATTACHED,
                        f -> {
                            f.down.detach();
                            f.down.detach();
                            f.feed(Peer.transfer(Peer.DOWN, 0L, "t", Peer.data(1)), Peer.detach(Peer.DOWN, true, null));
                        },
                        "detached down null",
                        "detach 1"),
                row(
                        "2.6.6 a detach before the peer has attached",
                        Stage.ASKED,
                        f -> {
                            f.up.detach();
                            f.feed(Peer.begin(0, 100, 255), Peer.attach("up", 0, 0, 0), Peer.detach(0, true, null));
                        },
                        "detached up null",
                        "detach 0"),
                row(
                        "2.6.2 a handle is used again",
                        Stage.ATTACHED,
                        f -> {
                            f.feed(Peer.detach(Peer.UP, true, null));
                            f.probe.sender(f.session, "up");
                            f.feed(Peer.attach("up", Peer.UP, 0, 0));
                        },
                        "detached up null; attached up",
                        "detach 0, attach up 0"),
                row(
                        "2.6.7 the credit is what the peer gives",
                        Stage.CREDITED,
                        f -> {
                            assertEquals(10, f.up.credit());
                            f.send(3, 1);
                            f.feed(Peer.credit(Peer.UP, 1L, 10, false, false));
                            assertEquals(8, f.up.credit());
                        },
                        "credited up",
                        "transfer 0, transfer 1, transfer 2"),
                row(
                        "2.6.7 a credit may be taken back",
                        Stage.CREDITED,
                        f -> {
                            f.send(3, 1);
                            f.feed(Peer.credit(Peer.UP, 1L, 1, false, false));
                            assertEquals(0, f.up.credit());
                        },
                        "credited up",
                        "transfer 0, transfer 1, transfer 2"),
                row(
                        "2.6.7 no delivery-count is the initial one",
                        Stage.CREDITED,
                        f -> {
                            f.send(3, 1);
                            f.feed(Peer.credit(Peer.UP, null, 10, false, false));
                            assertEquals(7, f.up.credit());
                        },
                        "credited up",
                        "transfer 0, transfer 1, transfer 2"),
                row(
                        "2.6.7 the greatest credit",
                        Stage.ATTACHED,
                        f -> {
                            f.feed(Peer.credit(Peer.UP, 0L, 0xffff_ffffL, false, false));
                            assertEquals(1 << 30, f.up.credit());
                        },
                        "credited up",
                        ""),
                feed(
                        "2.6.7 a drain",
                        Stage.CREDITED,
                        "credited up",
                        "flow 0 credit 0 count 20 drained",
                        Peer.credit(Peer.UP, 0L, 20, true, false)),
                feed(
                        "2.6.7 an echo",
                        Stage.CREDITED,
                        "credited up",
                        "flow 0 credit 20 count 0",
                        Peer.credit(Peer.UP, 0L, 20, false, true)),
                feed(
                        "2.6.7 an echo of what we receive",
                        Stage.ATTACHED,
                        "",
                        "flow 1 credit 2 count 0",
                        Peer.credit(Peer.DOWN, 0L, 0, false, true)),
                row(
                        "2.6.7 a delivery-count that wraps",
                        Stage.ASKED,
                        f -> {
                            f.feed(Peer.begin(0, 100, 255), Peer.attach("down", 1, 0xffff_ffffL, 0));
                            f.feed(Peer.transfer(1, 0L, "t", Peer.data(1)));
                            f.down.credit(1);
                        },
                        "attached down; delivered down 1 bytes",
                        "flow 1 credit 2 count 0, disposition 0-null Accepted{}"),
                row(
                        "2.6.7 what the peer has skipped counts",
                        Stage.ATTACHED,
                        f -> {
                            f.feed(Peer.credit(Peer.DOWN, 1L, 0, false, false));
                            f.down.credit(1);
                        },
                        "",
                        "flow 1 credit 2 count 1"),
                feed(
                        "2.7.4 a flow on no link",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:session:unattached-handle",
                        Peer.credit(9, 0L, 1, false, false)),
                row(
                        "2.7.3 the peer's longest message is known",
                        Stage.ASKED,
                        f -> {
                            f.feed(Peer.begin(0, 100, 255), Peer.attach("up", 0, 0, 4_096));
                            assertEquals(4_096, f.up.maxMessageSize());
                        },
                        "attached up",
                        ""));
    }

    static Stream<Row> transfer() {
        byte[] message = Peer.data(20);
        byte[] head = Arrays.copyOf(message, 10);
        byte[] tail = Arrays.copyOfRange(message, 10, message.length);
        String tooMuch = "detached down amqp:link:transfer-limit-exceeded: it sent a message without credit";
        String tooLong = "detached down amqp:link:message-size-exceeded: it sent a message of more than 1000 bytes";
        return Stream.of(
                feed(
                        "2.7.5 a message",
                        Stage.ATTACHED,
                        "delivered down 20 bytes",
                        "disposition 0-null Accepted{}",
                        Peer.transfer(1, 0L, "t", message)),
                feed(
                        "2.7.5 a message that is settled already",
                        Stage.ATTACHED,
                        "delivered down 20 bytes",
                        "",
                        Peer.transfer(1, 0L, "t", message, "settled")),
                feed(
                        "2.7.5 neighbours are settled together",
                        Stage.ATTACHED,
                        "delivered down 20 bytes; delivered down 3 bytes",
                        "disposition 0-1 Accepted{}",
                        Peer.transfer(1, 0L, "t", message),
                        Peer.transfer(1, 1L, "u", Peer.data(3))),
                feed(
                        "2.6.14 a message in two frames",
                        Stage.ATTACHED,
                        "delivered down 20 bytes",
                        "disposition 0-null Accepted{}",
                        Peer.transfer(1, 0L, "t", head, "more"),
                        Peer.transfer(1, null, null, tail)),
                feed(
                        "2.6.14 a last frame that is empty",
                        Stage.ATTACHED,
                        "delivered down 20 bytes",
                        "disposition 0-null Accepted{}",
                        Peer.transfer(1, 0L, "t", message, "more"),
                        Peer.transfer(1, 0L, "t", NOTHING)),
                feed(
                        "2.7.5 settled by its last frame",
                        Stage.ATTACHED,
                        "delivered down 20 bytes",
                        "",
                        Peer.transfer(1, 0L, "t", head, "more"),
                        Peer.transfer(1, null, null, tail, "settled")),
                feed(
                        "2.6.14 an aborted message is none, and its credit comes back",
                        Stage.ATTACHED,
                        "",
                        "flow 1 credit 2 count 1",
                        Peer.transfer(1, 0L, "t", head, "more"),
                        Peer.transfer(1, null, null, NOTHING, "aborted")),
                feed(
                        "2.7.5 resume means nothing to a new link",
                        Stage.ATTACHED,
                        "delivered down 20 bytes",
                        "disposition 0-null Accepted{}",
                        Peer.transfer(1, 0L, "t", message, "resume")),
                feed(
                        "2.7.5 a delivery id that wraps",
                        Stage.ATTACHED,
                        "delivered down 20 bytes; delivered down 20 bytes",
                        "disposition 4294967295-0 Accepted{}",
                        Peer.transfer(1, 0xffff_ffffL, "t", message),
                        Peer.transfer(1, 0L, "u", message)),
                feed(
                        "2.7.5 a gap in the delivery ids",
                        Stage.ATTACHED,
                        "delivered down 20 bytes; " + FRAMING,
                        "disposition 0-null Accepted{}, close amqp:invalid-field",
                        Peer.transfer(1, 0L, "t", message),
                        Peer.transfer(1, 2L, "u", message)),
                feed(
                        "2.7.5 no delivery id",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:invalid-field",
                        Peer.transfer(1, null, "t", message)),
                feed(
                        "2.7.5 no delivery tag",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:invalid-field",
                        Peer.transfer(1, 0L, null, message)),
                feed(
                        "2.7.5 another message before the end of one",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:illegal-state",
                        Peer.transfer(1, 0L, "t", head, "more"),
                        Peer.transfer(1, 1L, "u", message)),
                feed(
                        "2.7.5 on no link",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:session:unattached-handle",
                        Peer.transfer(9, 0L, "t", message)),
                feed(
                        "2.7.5 the wrong way",
                        Stage.ATTACHED,
                        FRAMING,
                        "close amqp:session:errant-link",
                        Peer.transfer(0, 0L, "t", message)),
                feed(
                        "2.6.7 beyond the credit",
                        Stage.ATTACHED,
                        "delivered down 20 bytes; delivered down 20 bytes; " + tooMuch,
                        "disposition 0-1 Accepted{}, detach 1 amqp:link:transfer-limit-exceeded",
                        Peer.transfer(1, 0L, "t", message),
                        Peer.transfer(1, 1L, "u", message),
                        Peer.transfer(1, 2L, "v", message),
                        Peer.transfer(1, 3L, "w", message)),
                feed(
                        "2.7.3 longer than the link's longest",
                        Stage.ATTACHED,
                        tooLong,
                        "detach 1 amqp:link:message-size-exceeded",
                        Peer.transfer(1, 0L, "t", new byte[600], "more"),
                        Peer.transfer(1, null, null, new byte[600])),
                feed(
                        "2.7.3 what comes after that is ignored",
                        Stage.ATTACHED,
                        tooLong,
                        "detach 1 amqp:link:message-size-exceeded",
                        Peer.transfer(1, 0L, "t", new byte[1_001], "more"),
                        Peer.transfer(1, null, null, NOTHING),
                        Peer.transfer(1, 1L, "u", message),
                        Peer.detach(1, true, null)),
                row(
                        "2.6.12 the ids of what we send",
                        Stage.CREDITED,
                        f -> f.send(3, 5),
                        "",
                        "transfer 0, transfer 1, transfer 2"),
                row(
                        "2.6.14 a message in frames that the peer takes",
                        Stage.CREDITED,
                        f -> f.send(1, 200_000),
                        "",
                        "transfer 0 more, transfer null more, transfer null more, transfer null"));
    }

    static Stream<Row> disposition() {
        Received received = new Received();
        received.setSectionNumber(UnsignedInteger.ZERO);
        received.setSectionOffset(UnsignedLong.ZERO);
        Rejected rejected = new Rejected();
        rejected.setError(Peer.error("amqp:not-allowed"));
        return Stream.of(
                settled(
                        "3.4.2 accepted",
                        "0 ACCEPTED",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, null, true, Accepted.getInstance())),
                settled(
                        "3.4.3 rejected",
                        "0 REJECTED amqp:not-allowed: because",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, null, true, rejected)),
                settled(
                        "3.4.3 rejected without a reason",
                        "0 REJECTED",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, null, true, new Rejected())),
                settled(
                        "3.4.4 released",
                        "0 RELEASED",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, null, true, Released.getInstance())),
                settled(
                        "3.4.5 modified",
                        "0 MODIFIED",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, null, true, new Modified())),
                settled(
                        "3.4.1 received decides nothing",
                        "",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, null, false, received)),
                settled(
                        "3.4 settled without an outcome",
                        "0 UNKNOWN",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, null, true, null)),
                settled(
                        "2.6.12 an outcome that is not settled is settled by us",
                        "0 ACCEPTED; 1 ACCEPTED",
                        ", disposition 0-1 Accepted{}",
                        Peer.disposition(Role.RECEIVER, 0, 1L, false, Accepted.getInstance())),
                settled(
                        "2.7.6 a range",
                        "0 ACCEPTED; 1 ACCEPTED; 2 ACCEPTED",
                        "",
                        Peer.disposition(Role.RECEIVER, 0, 2L, true, Accepted.getInstance())),
                settled(
                        "2.7.6 in any order, each once",
                        "2 ACCEPTED; 0 RELEASED; 1 RELEASED",
                        "",
                        Peer.disposition(Role.RECEIVER, 2, null, true, Accepted.getInstance()),
                        Peer.disposition(Role.RECEIVER, 0, 2L, true, Released.getInstance())),
                settled(
                        "2.7.6 of more than there is",
                        "0 ACCEPTED; 1 ACCEPTED; 2 ACCEPTED",
                        "",
                        Peer.disposition(Role.RECEIVER, 0xffff_fff0L, 0x7000_0000L, true, Accepted.getInstance())),
                settled(
                        "2.7.6 of what was never sent",
                        "",
                        "",
                        Peer.disposition(Role.RECEIVER, 3, 9L, true, Accepted.getInstance())),
                settled(
                        "2.7.6 a range that ends before it begins",
                        FRAMING,
                        ", close amqp:not-allowed",
                        Peer.disposition(Role.RECEIVER, 2, 1L, true, Accepted.getInstance())),
                settled(
                        "2.7.6 a range of nearly everything",
                        FRAMING,
                        ", close amqp:not-allowed",
                        Peer.disposition(Role.RECEIVER, 0, 0xffff_fffeL, true, Accepted.getInstance())),
                settled(
                        "2.7.6 the peer settles what it has sent",
                        "",
                        "",
                        Peer.disposition(Role.SENDER, 0, null, true, null)),
                row(
                        "2.6.6 no answer comes for a link that is gone",
                        Stage.CREDITED,
                        f -> {
                            f.send(1, 1);
                            f.feed(Peer.detach(Peer.UP, true, null));
                            f.feed(Peer.disposition(Role.RECEIVER, 0, null, true, Accepted.getInstance()));
                        },
                        "detached up null",
                        "transfer 0, detach 0"));
    }

    /** After three messages were sent. */
    private static Row settled(String name, String events, String written, byte[]... parts) {
        Consumer<Fixture> input = f -> {
            f.send(3, 1);
            f.feed(parts);
        };
        return new Row(name, Stage.CREDITED, input, events, "transfer 0, transfer 1, transfer 2" + written);
    }

    static Stream<Row> rows() {
        return Stream.of(
                        negotiation(),
                        cutHeaders(),
                        sasl(),
                        framing(),
                        bombs(),
                        connection(),
                        session(),
                        link(),
                        transfer(),
                        disposition())
                .flatMap(rows -> rows);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void keepsToTheSpecification(Row row) {
        Fixture fixture = new Fixture(row.stage());
        row.input().accept(fixture);
        assertEquals(row.events(), String.join("; ", fixture.probe.events));
        assertEquals(row.written(), Peer.describe(fixture.probe.drain()));
    }
}
