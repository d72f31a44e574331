# elixir -r wait.exs FILE: started ahead of its job. It loads and warms the compiler, then waits in opening FILE, where a FIFO is until
# the job is there. The file is then run as it is without.
file = "main.exs"
name = :"Elixir.Runyard.Warm"

code = """
defmodule Runyard.Warm do
  defstruct [:name, count: 0]
  @doc false
  def run(words) when is_list(words) do
    counts = Enum.reduce(words, %{}, fn word, counts -> Map.update(counts, word, 1, &(&1 + 1)) end)
    for {word, count} <- counts, count > 0, into: [], do: "\#{word}: \#{count}"
  end
  def fail(value) do
    case value do
      nil -> {:error, :none}
      %{count: n} -> {:ok, n}
      _ -> raise ArgumentError, "no value"
    end
  rescue
    error in ArgumentError -> Exception.message(error)
  end
end
{:ok, device} = StringIO.open("a line\\n")
IO.puts(device, Enum.join(Runyard.Warm.run(String.split("a b a")), ", "))
IO.inspect(device, struct!(Runyard.Warm, name: "x"), [])
IO.gets(device, "")
Runyard.Warm.fail(1) |> String.upcase() |> String.length()
StringIO.close(device)
"""

warm = fn warm, left ->
  if left > 0 and not File.regular?(file) do
    Code.eval_string(code, [], file: "warm")
    :code.purge(name)
    :code.delete(name)
    warm.(warm, left - 1)
  end
end

warm.(warm, 3)
:code.purge(name)
{:ok, opened} = :file.open(file, [:read, :raw])
:file.close(opened)
Code.unrequire_files([Path.expand(__ENV__.file)])
