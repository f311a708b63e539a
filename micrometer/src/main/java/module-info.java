// SPDX-License-Identifier: Apache-2.0
/** The numbers of Upstream as meters of Micrometer. */
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"
}) // Micrometer has a name for a module and no descriptor
module io.upstream.micrometer {
    requires transitive io.upstream.core;
    requires transitive micrometer.core;
    requires static org.jspecify;

    exports io.upstream.micrometer;
}
