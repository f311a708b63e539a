// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import static org.junit.jupiter.api.Assertions.fail;

import ch.qos.logback.classic.LoggerContext;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Fails a test class in which a secret came to light, without any help of the test: in the log at any level, in an exception, whether it was
 * thrown or not, in the name of a thread, in what was printed, or in the text form of one of our objects that the test holds in a field.
 */
public final class SecretCheck implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    /** What it says of a class is an exception, too, which repeats the secret. */
    static final String FAILED = "secrets came to light";

    @Override
    public void beforeAll(ExtensionContext context) {
        FlightWatch.begin();
        OutputWatch.begin();
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext logs
                && logs.getTurboFilterList().stream().noneMatch(SecretScan.class::isInstance)) {
            SecretScan scan = new SecretScan();
            scan.setContext(logs);
            scan.start();
            logs.addTurboFilter(scan);
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        context.getTestInstance().ifPresent(TextForms::look);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (context.getParent().flatMap(ExtensionContext::getTestClass).isPresent()) {
            return; // nested classes are checked with their outermost one
        }
        List<String> hits = takeHits();
        if (!hits.isEmpty()) {
            fail(FAILED + " in or before " + context.getDisplayName() + ": " + String.join("\n", hits));
        }
    }

    /** What came to light since the last call, in any way that needs no help. */
    public static List<String> takeHits() {
        lookAtThreads();
        FlightWatch.look();
        return SecretScan.takeHits();
    }

    /** Looks at the names of all threads that run now: also those that were named after they had been started. */
    public static void lookAtThreads() {
        Thread[] all = new Thread[Thread.activeCount() + 100];
        int count = Thread.currentThread().getThreadGroup().enumerate(all);
        for (int i = 0; i < count; i++) {
            SecretScan.look("the name of a thread", all[i].getName());
        }
    }
}
