using System.Runtime.CompilerServices;
using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;

namespace Diffract.Tests.OpTable;

/// <summary>Every operation of the library, found by reflection, and those that rows have run.</summary>
internal static class Operations
{
    /// <summary>The classes of all operations. A generic one is taken with every formula that fits it.</summary>
    public static IReadOnlyList<Type> Classes { get; } =
    [
        .. typeof(Op).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract)
            .SelectMany(Closed),
    ];

    /// <summary>The name of an operation that has no gradient and is thus never seen in a graph.</summary>
    public static string PlainName(Type type) => ((Op)RuntimeHelpers.GetUninitializedObject(type)).Name;

    /// <summary>The calls a result came from, as recorded for backward.</summary>
    public static HashSet<Op> Recorded(OpCase row)
    {
        using var scope = Scope.Open();
        var inputs = row.Make(row.DTypes[0], Layout.Dense, Device.Cpu);
        foreach (var input in inputs) if (input is not null && input.DType.IsFloating()) input.RequiresGrad = true;
        var calls = new HashSet<Op>();
        var nodes = new Stack<Node>();
        if ((row.Run(inputs).GradSlot as GradState)?.Node is { } top) nodes.Push(top);
        while (nodes.TryPop(out var node))
        {
            calls.Add(node.Op);
            foreach (var edge in node.Edges) if (edge.Producer is { } producer) nodes.Push(producer);
        }
        return calls;
    }

    private static IEnumerable<Type> Closed(Type type)
    {
        if (!type.IsGenericTypeDefinition) return [type];
        var formula = type.GetGenericArguments().Single().GetGenericParameterConstraints().Single(c => c.IsInterface);
        return formula.Assembly.GetTypes()
            .Where(t => t.IsValueType && !t.IsGenericType && formula.IsAssignableFrom(t))
            .Select(t => type.MakeGenericType(t));
    }
}
