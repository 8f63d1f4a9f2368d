using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using NUnit.Framework;

namespace Diffract.Tests.House;

/// <summary>No static field changes once it is set: what a call does depends on its arguments alone.</summary>
internal sealed class StateTests
{
    /// <summary>The ambient state of a thread, which operators have no argument for.</summary>
    private static readonly string[] ambient =
    [
        "Diffract.Engine.Scope", "Diffract.Engine.Cancellation", "Diffract.Autograd.GradMode",
        "Diffract.Autograd.Anomaly", "Diffract.Autograd.Autocast", "Diffract.Kernels.MultiplyAdds",
        "Diffract.Engine.TaskMemory",
    ];

    [TestCase("Diffract.Engine")]
    [TestCase("Diffract.Kernels")]
    [TestCase("Diffract.Autograd")]
    [TestCase("Diffract.Model")]
    [TestCase("Diffract.Tasks")]
    [TestCase("diffract")]
    public void Static_fields_are_read_only_and_hold_nothing_that_grows(string assembly)
    {
        var fields = Assembly.Load(assembly).GetTypes()
            .Where(type => !IsGenerated(type))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic
                | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsLiteral && !IsAmbient(field));
        Assert.That(fields.Where(field => !field.IsInitOnly || Grows(field)).Select(f => $"{f.DeclaringType}.{f.Name}"),
            Is.Empty);
    }

    private static bool IsAmbient(FieldInfo field) => field.GetCustomAttribute<ThreadStaticAttribute>() is not null
        && ambient.Contains(field.DeclaringType!.FullName);

    // Tables that are written once by their initialiser are read-only in all but type; caches are not.
    private static bool Grows(FieldInfo field)
    {
        var type = field.FieldType;
        if (type.Namespace == "System.Collections.Concurrent" || type == typeof(Hashtable)) return true;
        return type.IsGenericType && type.GetGenericTypeDefinition() is var open
            && (open == typeof(List<>) || open == typeof(Queue<>) || open == typeof(Stack<>)
                || open == typeof(HashSet<>) || open == typeof(ConditionalWeakTable<,>) || open == typeof(ThreadLocal<>)
                || open == typeof(AsyncLocal<>));
    }

    // Caches of lambdas, inline tables, source generators: the compiler's business.
    private static bool IsGenerated(Type type)
    {
        for (var t = type; t is not null; t = t.DeclaringType)
            if (t.GetCustomAttribute<CompilerGeneratedAttribute>() is not null || t.Name.StartsWith('<')
                || t.GetCustomAttribute<System.CodeDom.Compiler.GeneratedCodeAttribute>() is not null
                || typeof(System.Text.Json.Serialization.JsonSerializerContext).IsAssignableFrom(t))
                return true;
        return false;
    }
}
