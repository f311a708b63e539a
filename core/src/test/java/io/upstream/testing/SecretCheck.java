// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import static org.junit.jupiter.api.Assertions.fail;

import ch.qos.logback.classic.LoggerContext;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Fails a test class in which a secret came to the log, at any level, or became part of the name of a thread. */
public final class SecretCheck implements BeforeAllCallback, AfterAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext logs
                && logs.getTurboFilterList().stream().noneMatch(SecretScan.class::isInstance)) {
            SecretScan scan = new SecretScan();
            scan.setContext(logs);
            scan.start();
            logs.addTurboFilter(scan);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (context.getParent().flatMap(ExtensionContext::getTestClass).isPresent()) {
            return; // nested classes are checked with their outermost one
        }
        lookAtThreads();
        List<String> hits = SecretScan.takeHits();
        if (!hits.isEmpty()) {
            fail("secrets came to light in or before " + context.getDisplayName() + ": " + String.join("\n", hits));
        }
    }

    /** Looks at the names of all threads that run now. */
    public static void lookAtThreads() {
        Thread[] all = new Thread[Thread.activeCount() + 100];
        int count = Thread.currentThread().getThreadGroup().enumerate(all);
        for (int i = 0; i < count; i++) {
            SecretScan.look("the name of a thread", all[i].getName());
        }
    }
}
