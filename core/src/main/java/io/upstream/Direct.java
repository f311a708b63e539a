// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/** The way without a proxy. */
enum Direct implements Route {
    INSTANCE;

    @Override
    public String toString() {
        return "direct";
    }
}
