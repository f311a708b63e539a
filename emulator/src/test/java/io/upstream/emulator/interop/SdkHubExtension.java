// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.slf4j.LoggerFactory;

/** Starts the {@link SdkHub} for the first test that asks for it and closes it behind the last of the run. */
final class SdkHubExtension implements ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(SdkHubExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == SdkHub.class;
    }

    @Override
    public SdkHub resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE).computeIfAbsent(SdkHub.class, type -> start(), SdkHub.class);
    }

    /** The SDK writes whole stack traces of every connection that it loses, which is what these tests are about. */
    @SuppressWarnings("LockOnNonEnclosingClassLiteral") // it is the lock of that class that matters
    private static SdkHub start() {
        synchronized (LoggerFactory.class) { // whose lock is held while another thread initializes it
            ((Logger) LoggerFactory.getLogger("com.microsoft.azure.sdk.iot.device")).setLevel(Level.OFF);
        }
        return SdkHub.start();
    }
}
