// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.DesiredChange;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything at once: from several threads, on several identities of one transport, and nothing is mixed up. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class ConcurrencyContractTest extends SessionContract {
    private static final int IDENTITIES = 5;
    private static final int THREADS = 3;
    private static final int MESSAGES = 200;
    private static final int REQUESTS = 20;

    /** One identity's session, and what came by it. */
    private record Party(
            Subject subject,
            UpstreamSession session,
            BlockingQueue<String> messages,
            BlockingQueue<DesiredChange> changes) {}

    private Party join(UpstreamTransport transport) throws Exception {
        Subject own = site.newSubject(speaker.role());
        UpstreamSession session = open(transport, own);
        Party party = new Party(own, session, new LinkedBlockingQueue<>(), new LinkedBlockingQueue<>());
        List<CompletionStage<Void>> subscribed = List.of(
                session.onMessage(
                        MessageHandler.completing(message -> party.messages().add(text(message.payload())))),
                session.onDesiredChange(party.changes()::add),
                session.onMethod(request -> MethodResponse.of(200, "\"" + own + request.text() + "\"")));
        for (CompletionStage<Void> each : subscribed) {
            get(each);
        }
        return party;
    }

    @Test
    void doesEverythingAtOnceForEachIdentity() throws Exception {
        UpstreamTransport transport = transport(options -> options, site.runtime);
        List<Party> parties = new ArrayList<>();
        for (int i = 0; i < IDENTITIES; i++) {
            parties.add(join(transport));
        }
        List<Callable<Void>> work = new ArrayList<>();
        for (Party party : parties) {
            for (int thread = 0; thread < THREADS; thread++) {
                int number = thread;
                work.add(() -> sends(party, number));
            }
            work.add(() -> asks(party));
            work.add(() -> isAddressed(party));
        }
        ExecutorService threads = Executors.newFixedThreadPool(work.size());
        try {
            for (Future<Void> each : threads.invokeAll(work)) {
                each.get(SOON.toSeconds(), TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        for (Party party : parties) {
            assertArrived(party);
            assertAlive(party.session());
        }
    }

    private static Void sends(Party party, int thread) throws Exception {
        List<CompletionStage<Void>> underWay = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) {
            underWay.add(party.session().send(Telemetry.json("" + i).property("thread", "" + thread)));
        }
        for (CompletionStage<Void> each : underWay) {
            get(each);
        }
        return null;
    }

    private static Void asks(Party party) throws Exception {
        for (int i = 0; i < REQUESTS; i++) {
            long version = get(party.session().report("{\"who\":\"" + party.subject() + "\",\"i\":" + i + "}"));
            Twin twin = get(party.session().twin());
            assertEquals(version, twin.reportedVersion());
            assertTrue(twin.reported().contains("\"" + party.subject() + "\""), twin.reported());
        }
        return null;
    }

    private static Void isAddressed(Party party) throws Exception {
        for (int i = 0; i < REQUESTS; i++) {
            SentMessage sent = party.subject().send(party.subject() + " " + i);
            CompletionStage<MethodAnswer> call = party.subject().call("who", "" + i);
            long version = party.subject().patchDesired("{\"i\":" + i + "}");
            assertEquals("\"" + party.subject() + i + "\"", text(get(call).payload()));
            assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SOON));
            assertEquals(party.subject() + " " + i, next(party.messages()));
            assertEquals(version, next(party.changes()).version());
        }
        return null;
    }

    /** Each thread's messages are there, in the order of its calls. */
    private static void assertArrived(Party party) throws Exception {
        Map<String, Integer> next = new HashMap<>();
        for (HubMessage message : party.subject().telemetry(THREADS * MESSAGES)) {
            String thread = message.properties().get("thread");
            int number = next.getOrDefault(thread, 0);
            assertEquals("" + number, text(message.body()));
            next.put(thread, number + 1);
        }
        assertEquals(THREADS, next.size());
    }

    @Test
    void opensAndClosesWhileOthersWork() throws Exception {
        UpstreamTransport transport = transport(options -> options, site.runtime);
        Party busy = join(transport);
        Future<Void> work = site.callers.submit(() -> asks(busy));
        List<CompletionStage<UpstreamSession>> opening = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Subject other = site.newSubject(speaker.role());
            opening.add(transport.open(other.identity(), other.credentials()));
        }
        for (CompletionStage<UpstreamSession> each : opening) {
            UpstreamSession session = get(each);
            get(session.send(Telemetry.json("{}")));
            get(session.close(SOON));
        }
        work.get(SOON.toSeconds(), TimeUnit.SECONDS);
        assertAlive(busy.session());
    }
}
