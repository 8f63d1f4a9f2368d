using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class RunFolderTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("diffract-runs-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private static RunEnvironment Here => RunEnvironment.Now("diffract train", Device.Cpu);

    private RunFolder Create(string name, ExistingRun existing = ExistingRun.Refuse) => RunFolder.Create(
        Path.Combine(folder, name), new DemoRecipe("digits", 7), DemoJson.Default.DemoRecipe, Here, existing);

    [Test]
    public void A_run_keeps_its_recipe_and_where_it_ran()
    {
        var run = Create("runs/digits");
        var opened = RunFolder.Open(run.Path);
        Assert.That(opened.Name, Is.EqualTo("digits"));
        var recipe = RecipeFile.Load(opened.RecipePath, DemoJson.Default.DemoRecipe);
        Assert.That(recipe, Is.EqualTo(new DemoRecipe("digits", 7)));
        opened.NoteStart(Here with { CommandLine = "diffract train --resume" });
        Assert.That(opened.Environments().Select(e => e.CommandLine),
            Is.EqualTo(new[] { "diffract train", "diffract train --resume" }));
    }

    [Test]
    public void An_existing_run_is_never_overwritten()
    {
        var first = Create("a");
        Assert.That(() => Create("a"), Throws.TypeOf<RunException>().With.Message.Contains("exists already"));
        Assert.That(Create("a", ExistingRun.Number).Path, Is.EqualTo(first.Path + "-2"));
        Assert.That(Create("a", ExistingRun.Number).Path, Is.EqualTo(first.Path + "-3"));
        Directory.CreateDirectory(Path.Combine(folder, "notes"));
        File.WriteAllText(Path.Combine(folder, "notes", "mine.txt"), "");
        Assert.That(() => Create("notes"), Throws.TypeOf<RunException>());
    }

    [Test]
    public void Runs_that_start_together_get_names_of_their_own()
    {
        var paths = new string[8];
        Parallel.For(0, paths.Length, i => paths[i] = Create("same", ExistingRun.Number).Path);
        Assert.That(paths.Distinct().Count(), Is.EqualTo(paths.Length));
    }

    [Test]
    public void What_is_not_a_run_is_said_to_be_none()
    {
        Assert.That(() => RunFolder.Open(Path.Combine(folder, "absent")), Throws.TypeOf<RunException>());
        Assert.That(() => RunFolder.Open(folder), Throws.TypeOf<RunException>().With.Message.Contains("recipe.json"));
    }

    [Test]
    public void A_recipe_with_a_misspelt_setting_is_an_error_that_names_line_and_setting()
    {
        Refused("{\n  \"data\": \"x\",\n  \"epohcs\": 3\n}", DemoJson.Default.DemoRecipe,
            "line 3: there is no setting 'epohcs'; did you mean 'epochs'?");
        Refused("{\n  \"inner\": { \"data\": \"x\", \"k\": 3 }\n}", DemoJson.Default.OuterRecipe,
            "line 2: there is no setting 'k'");
    }

    [Test]
    public void A_recipe_that_lacks_a_setting_or_has_another_value_is_an_error_that_names_it()
    {
        Refused("{\n  \"data\": \"x\",\n  \"epochs\": \"many\"\n}", DemoJson.Default.DemoRecipe,
            "line 3: the setting 'epochs' cannot have the value that it has");
        Refused("{\n  \"needed\": 1\n}", DemoJson.Default.StrictRecipe, "line 3: the setting 'other' is missing");
    }

    [Test]
    public void A_recipe_that_is_cut_off_is_said_to_be() => Refused("{\n  \"data\": \"x", DemoJson.Default.DemoRecipe,
        "line 2: the JSON is damaged or cut off: ");

    private void Refused<T>(string recipe, JsonTypeInfo<T> type, string problem)
    {
        var path = Path.Combine(folder, "recipe.json");
        File.WriteAllText(path, recipe);
        var error = Assert.Throws<RunException>(() => RecipeFile.Load(path, type));
        Assert.That(error.Message, Does.StartWith($"{path}: {problem}"));
    }

    [Test]
    public void Checkpoints_are_found_by_step_and_old_ones_go()
    {
        var checkpoints = Create("a").Checkpoints;
        Assert.That(checkpoints.Latest, Is.Null);
        foreach (var step in new long[] { 10, 200, 30 })
            checkpoints.Save(step, path => AtomicFile.WriteText(path, $"{step}"), keep: 2);
        File.WriteAllText(Path.Combine(checkpoints.Folder, ".step-00000400.safetensors.x.tmp"), "half");
        Assert.That(checkpoints.All.Select(c => c.Step), Is.EqualTo(new long[] { 30, 200 }));
        Assert.That(File.ReadAllText(checkpoints.Latest!.Path), Is.EqualTo("200"));
    }

    [Test]
    public void A_checkpoint_that_cannot_be_written_leaves_the_old_ones()
    {
        var checkpoints = Create("a").Checkpoints;
        checkpoints.Save(1, path => AtomicFile.WriteText(path, "one"), keep: 1);
        Assert.That(() => checkpoints.Save(2, _ => throw new IOException("disk full"), keep: 1),
            Throws.TypeOf<IOException>());
        Assert.That(checkpoints.Latest!.Step, Is.EqualTo(1));
    }
}

internal sealed record DemoRecipe(string Data, int Epochs);

internal sealed record OuterRecipe(DemoRecipe Inner);

internal sealed record StrictRecipe
{
    public required int Needed { get; init; }

    public required int Other { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(DemoRecipe))]
[JsonSerializable(typeof(OuterRecipe))]
[JsonSerializable(typeof(StrictRecipe))]
internal sealed partial class DemoJson : JsonSerializerContext;
