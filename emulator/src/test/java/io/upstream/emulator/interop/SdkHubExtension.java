// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

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
        return context.getRoot()
                .getStore(NAMESPACE)
                .computeIfAbsent(SdkHub.class, type -> SdkHub.start(), SdkHub.class);
    }
}
