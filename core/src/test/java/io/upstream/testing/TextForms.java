// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.security.CodeSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The text forms of what a test holds of our public types: whoever prints or logs them shows these. */
final class TextForms {
    private static final String OURS = "io.upstream";

    private TextForms() {}

    /** Looks at the fields of {@code test}, static ones included. */
    static void look(Object test) {
        for (Class<?> type = test.getClass(); type != null && isOurs(type); type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!field.isSynthetic() && !field.getType().isPrimitive()) {
                    look(type, field, test);
                }
            }
        }
    }

    private static void look(Class<?> type, Field field, Object test) {
        Object value;
        try {
            field.setAccessible(true);
            value = field.get(test);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
        for (Object each : contents(value)) {
            if (each != null && isPublicOfOurs(each.getClass())) {
                SecretScan.look(
                        "the text form of " + each.getClass().getName() + ", which " + type.getSimpleName() + " holds",
                        String.valueOf(each));
            }
        }
    }

    private static Collection<?> contents(@Nullable Object value) {
        if (value == null) {
            return List.of();
        } else if (value instanceof List<?> many) {
            return List.copyOf(many);
        } else if (value instanceof Map<?, ?> many) {
            return List.copyOf(many.values());
        } else if (value instanceof Optional<?> one) {
            return one.stream().toList();
        }
        return List.of(value);
    }

    private static boolean isOurs(Class<?> type) {
        return type.getPackageName().equals(OURS) || type.getPackageName().startsWith(OURS + ".");
    }

    /** And not of a test, whose own objects may show what they like. */
    private static boolean isPublicOfOurs(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        String from = source == null ? "" : source.getLocation().getPath();
        return isOurs(type)
                && Modifier.isPublic(type.getModifiers())
                && !from.contains("test-classes")
                && !from.endsWith("-tests.jar");
    }
}
