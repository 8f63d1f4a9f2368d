using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Modules and golden fixtures.</summary>
internal static class FixtureModules
{
    extension(GoldenFixture fixture)
    {
        /// <summary>The tensors under a prefix, without it.</summary>
        public Dictionary<string, Tensor> State(string prefix = "") => fixture.Names
            .Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(n => n[prefix.Length..], n => fixture[n]);

        /// <summary>A copy of a stored tensor, to be differentiated.</summary>
        public Tensor Leaf(string name)
        {
            var leaf = Tensor.From(fixture[name].ToArray<float>(), fixture[name].Shape);
            leaf.RequiresGrad = true;
            return leaf;
        }

        /// <summary>The same for images, channels last.</summary>
        public Tensor ImageLeaf(string name)
        {
            var leaf = fixture.Images(name);
            leaf.RequiresGrad = true;
            return leaf;
        }

        /// <summary>Checks every stored gradient of a module's parameters.</summary>
        /// <param name="module">After a backward.</param>
        /// <param name="prefix">What precedes a parameter's name.</param>
        /// <returns>How many there were.</returns>
        public int CheckGradients(Module module, string prefix)
        {
            var parameters = module.NamedParameters().ToDictionary(p => p.Name, p => p.Parameter);
            var stored = fixture.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList();
            foreach (var name in stored)
            {
                var parameter = parameters[name[prefix.Length..]];
                Assert.That(parameter.Grad, Is.Not.Null, name);
                fixture.Check(name, parameter.Grad!);
            }
            return stored.Count;
        }
    }
}
