using System.Reflection;
using System.Xml.Linq;
using NUnit.Framework;

namespace Diffract.Tests.House;

/// <summary>House rules on projects: each sees only those to its left.</summary>
internal sealed class ProjectTests
{
    private static readonly string[] rooms =
    [
        "Diffract.Engine", "Diffract.Kernels", "Diffract.Autograd", "Diffract.Model", "Diffract.Tasks", "diffract",
    ];

    [Test]
    public void Projects_refer_only_to_the_left()
    {
        foreach (var project in Source.Files("*.csproj").Where(p => !p.StartsWith("Tests/", StringComparison.Ordinal)
            && !p.StartsWith("Benchmarks/", StringComparison.Ordinal)))
        {
            var own = Room(project);
            foreach (var reference in References(project))
                Assert.That(Room(reference), Is.LessThan(own), $"{project} refers to {reference}");
        }
    }

    [Test]
    public void Assemblies_use_only_what_stands_to_their_left()
    {
        for (var own = 0; own < rooms.Length; own++)
        {
            var used = Assembly.Load(rooms[own]).GetReferencedAssemblies().Select(a => Array.IndexOf(rooms, a.Name));
            Assert.That(used, Is.All.LessThan(own), rooms[own]);
        }
    }

    [Test]
    public void Every_project_has_a_lock_file() => Assert.That(
        Source.Files("*.csproj").Select(project => Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json"))
            .Where(path => !File.Exists(Path.Combine(Source.Root, path))),
        Is.Empty);

    [Test]
    public void Versions_stand_in_one_place()
    {
        foreach (var project in Source.Files("*.csproj"))
            Assert.That(XDocument.Load(Path.Combine(Source.Root, project)).Descendants("PackageReference")
                .Where(reference => reference.Attribute("Version") is not null), Is.Empty, project);
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(Path.Combine(Source.Root, project)).Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value);

    private static int Room(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project.Replace('\\', '/'));
        return Array.IndexOf(rooms, name == "Cli" ? "diffract" : $"Diffract.{name}");
    }
}
